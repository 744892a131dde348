/* cmd/cmd.h: what the verbs of the program share. Private to cmd.
 *
 * Results go to stdout, one record a line; words for humans to stderr. Exit codes are the
 * contract's: 0 done, 1 the answer is no, 2 bad usage or input, 3 the machine could not.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "authority/authority.h"
#include "base/base.h"

enum exit_code { EXIT_DONE = 0, EXIT_NO = 1, EXIT_BAD_INPUT = 2, EXIT_MACHINE = 3 };

/* What came before the verb, or beside its own options. */
struct context {
    const char *data_dir;
    bool json;
};

struct verb {
    const char *name, *usage, *summary;
    enum exit_code (*run)(struct context *c, int argc, char **argv);
};
extern const struct verb verb_record, verb_check, verb_scrub, verb_import, verb_export, verb_why,
    verb_key, verb_forget, verb_verify, verb_receipt, verb_log, verb_witness, verb_ads;

/* --- options -------------------------------------------------------------------------------- */

/* One option of a verb. `value` gets its text (the last one given); options without an argument
 * set *flag instead. The common ones (--data, --json, --help) are known to options_read. */
struct option_spec {
    const char *word; /* "scope" for --scope */
    char letter;      /* 's', or 0 */
    const char **value;
    bool *flag;
};

enum options_result { OPTIONS_OK, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_BAD };
/* Takes the options out of argv; what remains are operands, in order: *operands of them at
 * argv[0 …). Complains on stderr. */
enum options_result options_read(struct context *c, const struct verb *verb,
                                 const struct option_spec *specs, size_t n, int argc, char **argv,
                                 int *operands);
/* Help or version printed: done; bad usage: 2. */
enum exit_code options_exit(const struct verb *verb, enum options_result r);

/* --- talking -------------------------------------------------------------------------------- */

/* A line on stderr that starts with "optout: ". */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Says the problem and gives the exit code that its status stands for. */
enum exit_code say_problem(enum status s, const struct problem *p);
/* Appends `s` with control characters as \xNN, at most 200 bytes of it: fit for a terminal. */
void add_visible(struct buf *out, struct span s);

/* stdout, buffered. A failed write is remembered; out_finish says so once and gives the code. */
void out_add(struct span s);
void out_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
struct buf *out_buf(void);
/* The line that --version prints. */
void out_version(void);
/* Writes what is buffered when it is much, or always with `now`. */
void out_flush(bool now);
/* Flushes; EXIT_MACHINE when anything could not be written, else `code`. */
enum exit_code out_finish(enum exit_code code);

/* --- lines ---------------------------------------------------------------------------------- */

enum { LINE_BYTES_MAX = 65536 };

struct line {
    struct span text; /* without its end; borrowed until the next group */
    uint64_t number;  /* from 1 */
    bool too_long;    /* longer than LINE_BYTES_MAX: text is its beginning */
};

/* Reads lines in groups: what one read(2) brought, so that somebody who types or pipes slowly is
 * answered at once, and a file goes in large groups. */
struct line_reader {
    int fd;
    struct buf buffer;
    size_t start; /* of what is not handed out yet */
    uint64_t number;
    bool at_end, skipping;
};
void lines_open(struct line_reader *r, int fd);
void lines_close(struct line_reader *r);
/* The next group of at most `max` lines: *n of them, 0 at the end. */
enum status lines_next(struct line_reader *r, struct line *out, size_t max, size_t *n);

/* --- data directory ------------------------------------------------------------------------- */

/* Opens the context's data directory, says configuration errors and what a new key means. */
enum status open_data(const struct context *c, enum authority_mode mode, struct authority **out,
                      enum exit_code *code);

/* After a verb that recorded: brings the public log up. The events are safe without it, so a
 * failure is said and changes nothing. */
void publish(struct authority *a);

/* A whole file, or stdin for `-`, into `out`. */
enum status read_whole(const char *path, struct buf *out, struct problem *why);

/* Reads --scope; NULL text leaves *given false. Complains. */
enum status read_scope(const char *text, struct scope *out, bool *given);

/* Reads --digest; NULL text leaves *given false. Complains. */
enum status read_digest_name(const char *text, enum hash_name *out, bool *given);

/* The addresses of a verb: its operands, or with a lone `-` the lines of stdin. */
struct addresses {
    struct authority *authority;
    int count;
    char **operands;
    bool from_stdin;
};

/* One address as read: where it stood, its text, and the address or why it is none. */
struct taken {
    uint64_t line; /* 0 for operands */
    struct span text;
    bool readable;
    struct address address;
    struct refusal why;
};
/* Called for each group in order. Anything but OK ends. */
typedef enum status taken_visit(void *context, struct taken *group, size_t n);
enum { TAKEN_GROUP = 1024 };
enum status addresses_each(const struct addresses *from, taken_visit *visit, void *context);
/* "line 3: jane@: the domain is empty (byte 6)" on stderr. */
void say_unreadable(const struct taken *t);

/* --- progress ------------------------------------------------------------------------------- */

/* A bar on stderr when it is a terminal and the work takes longer than a moment. */
struct progress {
    const char *what;
    uint64_t total; /* 0: unknown */
    int64_t start_us, shown_us;
    bool visible;
};
void progress_start(struct progress *p, const char *what, uint64_t total);
/* `done` of total; `records` so far for the rate. Cheap: mostly returns at once. */
void progress_show(struct progress *p, uint64_t done, uint64_t records);
void progress_end(struct progress *p);

#endif
