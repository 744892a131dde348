/* base/input.c: reading a file or a pipe, unpacking what is packed. */
#include "base/input.h"
#include "base/input_codec.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_BYTES_MAX = 4 };

static const struct codec *const codecs[] = {&codec_gzip, &codec_zstd};
enum { CODEC_COUNT = sizeof codecs / sizeof codecs[0] };

/* `held` are bytes of the file that were taken but not yet handed on: the first few, by which a
 * codec is known, then (packed files only) what the decoder has not eaten. */
struct input {
    int fd;
    bool is_stdin;
    bool whole; /* nothing of a member or frame is missing so far */
    enum status failed;
    const struct codec *codec; /* NULL: plain */
    struct decoder *decoder;
    uint64_t consumed, size;
    struct span held;
    char magic[MAGIC_BYTES_MAX];
    char *packed; /* INPUT_READ_BYTES of the file; packed files only */
    const char *name;
    char path[];
};

/* One read(2), whatever it brings, so that a pipe's writer is answered at once. */
static enum status read_some(struct input *in, void *p, size_t n, size_t *got, struct problem *why)
{
    ssize_t done;
    do
        done = read(in->fd, p, n);
    while (done < 0 && errno == EINTR);
    *got = done > 0 ? (size_t)done : 0;
    in->consumed += *got;
    return done < 0 ? problem_errno(why, "cannot read %s", in->name) : OK;
}

/* The codec of these first bytes; *maybe: more of them could still tell of one. */
static const struct codec *codec_of(struct span first, bool *maybe)
{
    *maybe = false;
    for (size_t i = 0; i < CODEC_COUNT; i++) {
        if (span_starts(first, codecs[i]->magic))
            return codecs[i];
        *maybe |= span_starts(codecs[i]->magic, first);
    }
    return NULL;
}

/* Reads no further than it takes to tell, since whoever types may be waiting for an answer. */
static enum status recognise(struct input *in, struct problem *why)
{
    bool maybe = true;
    in->held = (struct span){in->magic, 0};
    while (maybe && in->held.n < MAGIC_BYTES_MAX) {
        size_t got;
        enum status s = read_some(in, in->magic + in->held.n, 1, &got, why);
        if (s != OK || got == 0)
            return s;
        in->held.n += got;
        in->codec = codec_of(in->held, &maybe);
        if (in->codec)
            break;
    }
    return OK;
}

static enum status open_decoder(struct input *in, struct problem *why)
{
    in->packed = mem_new(INPUT_READ_BYTES, 1);
    in->decoder = in->packed ? in->codec->open() : NULL;
    return in->decoder ? OK : problem_set(why, NO_MEMORY, "no memory to unpack %s", in->name);
}

static enum status open_file(struct input *in, struct problem *why)
{
    in->fd = in->is_stdin ? STDIN_FILENO : open(in->path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (in->fd < 0 || fstat(in->fd, &st) != 0)
        return problem_errno(why, "cannot read %s", in->name);
    if (S_ISDIR(st.st_mode))
        return problem_set(why, REFUSED, "cannot read %s: it is a directory", in->name);
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        in->size = (uint64_t)st.st_size;
    (void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return OK;
}

enum status input_open(const char *path, struct input **out, struct problem *why)
{
    size_t n = strlen(path) + 1;
    struct input *in = mem_new(1, sizeof *in + n);
    *out = NULL;
    if (!in)
        return problem_set(why, NO_MEMORY, "no memory to read %s", path);
    memcpy(in->path, path, n);
    in->is_stdin = strcmp(path, "-") == 0;
    in->name = in->is_stdin ? "standard input" : in->path;
    enum status s = open_file(in, why);
    if (s == OK)
        s = recognise(in, why);
    if (s == OK && in->codec)
        s = open_decoder(in, why);
    if (s == OK)
        *out = in;
    else
        input_close(in);
    return s;
}

static enum status read_plain(struct input *in, char *p, size_t n, size_t *got, struct problem *why)
{
    if (in->held.n == 0)
        return read_some(in, p, n, got, why);
    struct span first = span_cut(in->held, n);
    memcpy(p, first.p, first.n);
    in->held = span_from(in->held, first.n);
    *got = first.n;
    return OK;
}

static enum status damaged(struct input *in, enum status s, const char *how, struct problem *why)
{
    if (s == NO_MEMORY)
        return problem_set(why, s, "no memory to unpack %s", in->name);
    return problem_set(why, DAMAGED, "%s: %s %s data after %llu bytes", in->name, how,
                       in->codec->name, (unsigned long long)(in->consumed - in->held.n));
}

/* Fills the held bytes again; at the file's end they stay empty. */
static enum status refill(struct input *in, struct problem *why)
{
    size_t got;
    enum status s = read_some(in, in->packed, INPUT_READ_BYTES, &got, why);
    if (s == OK)
        in->held = (struct span){in->packed, got};
    return s;
}

static enum status read_packed(struct input *in, char *p, size_t n, size_t *got,
                               struct problem *why)
{
    for (;;) {
        struct decoder_step did;
        enum status s = in->codec->step(in->decoder, in->held, p, n, &did);
        in->held = span_from(in->held, did.used);
        if (s != OK)
            return damaged(in, s, "corrupt", why);
        if (did.used || did.made)
            in->whole = did.whole;
        *got = did.made;
        if (did.made)
            return OK;
        if (did.used)
            continue;
        s = refill(in, why);
        if (s != OK)
            return s;
        if (in->held.n == 0)
            return in->whole ? OK : damaged(in, DAMAGED, "truncated", why);
    }
}

enum status input_read(struct input *in, void *p, size_t n, size_t *got, struct problem *why)
{
    INVARIANT(n > 0);
    *got = 0;
    if (in->failed != OK)
        return problem_set(why, in->failed, "%s: reading failed before", in->name);
    enum status s = in->codec ? read_packed(in, p, n, got, why) : read_plain(in, p, n, got, why);
    if (s != OK)
        *got = 0;
    in->failed = s;
    return s;
}

uint64_t input_consumed(const struct input *in)
{
    return in->consumed;
}

uint64_t input_size(const struct input *in)
{
    return in->size;
}

void input_close(struct input *in)
{
    if (!in)
        return;
    if (in->decoder)
        in->codec->close(in->decoder);
    mem_free(in->packed);
    if (in->fd >= 0 && !in->is_stdin)
        (void)close(in->fd);
    mem_free(in);
}
