/* base/input_gzip.c: the door to zlib. */
#include "base/input_codec.h"
#include "base/mem.h"

#include <limits.h>
#include <zlib.h>

enum { GZIP_ONLY = 16 }; /* added to the window bits: gzip wrapping, checksum verified */

/* Members may follow one another; zero bytes behind the last are padding, as tapes leave it. */
enum phase { IN_MEMBER, BETWEEN_MEMBERS, IN_PADDING };

struct decoder {
    z_stream z;
    enum phase phase;
};

static voidpf gzip_alloc(voidpf opaque, uInt items, uInt size)
{
    (void)opaque;
    return mem_new(items, size);
}

static void gzip_free(voidpf opaque, voidpf p)
{
    (void)opaque;
    mem_free(p);
}

static struct decoder *gzip_open(void)
{
    struct decoder *d = mem_new(1, sizeof *d);
    if (!d)
        return NULL;
    d->z.zalloc = gzip_alloc;
    d->z.zfree = gzip_free;
    if (inflateInit2(&d->z, MAX_WBITS + GZIP_ONLY) != Z_OK) {
        mem_free(d);
        return NULL;
    }
    return d;
}

/* Behind a member: a further one starts, or padding does. */
static enum status begin_next(struct decoder *d, struct span in, struct decoder_step *did)
{
    if (d->phase == BETWEEN_MEMBERS && in.p[0] != '\0') {
        d->phase = IN_MEMBER;
        return inflateReset(&d->z) == Z_OK ? OK : DAMAGED;
    }
    d->phase = IN_PADDING;
    for (; did->used < in.n; did->used++)
        if (in.p[did->used] != '\0')
            return DAMAGED;
    return OK;
}

static enum status inflate_some(struct decoder *d, struct span in, void *out, size_t room,
                                struct decoder_step *did)
{
    size_t input = in.n < UINT_MAX ? in.n : UINT_MAX, output = room < UINT_MAX ? room : UINT_MAX;
    /* zlib reads next_in only, but declares it writable unless ZLIB_CONST is asked for. */
    d->z.next_in = (Bytef *)(uintptr_t)in.p;
    d->z.avail_in = (uInt)input;
    d->z.next_out = out;
    d->z.avail_out = (uInt)output;
    int r = inflate(&d->z, Z_NO_FLUSH);
    did->used = input - d->z.avail_in;
    did->made = output - d->z.avail_out;
    if (r == Z_STREAM_END)
        d->phase = BETWEEN_MEMBERS;
    if (r == Z_MEM_ERROR)
        return NO_MEMORY;
    /* Z_BUF_ERROR says only that there was nothing to do. */
    return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? OK : DAMAGED;
}

static enum status gzip_step(struct decoder *d, struct span in, void *out, size_t room,
                             struct decoder_step *did)
{
    *did = (struct decoder_step){0};
    enum status s = OK;
    if (d->phase != IN_MEMBER && in.n)
        s = begin_next(d, in, did);
    if (s == OK && d->phase == IN_MEMBER)
        s = inflate_some(d, in, out, room, did);
    did->whole = d->phase != IN_MEMBER;
    return s;
}

static void gzip_close(struct decoder *d)
{
    (void)inflateEnd(&d->z);
    mem_free(d);
}

const struct codec codec_gzip = {
    .name = "gzip",
    .magic = {"\x1f\x8b", 2},
    .open = gzip_open,
    .step = gzip_step,
    .close = gzip_close,
};
