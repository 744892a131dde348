/* cmd/feed.h: a list, read in groups of records with their addresses understood. For scrub and
 * import. Private to cmd. */
#ifndef CMD_FEED_H
#define CMD_FEED_H

#include "adapter/list/list.h"
#include "base/input.h"
#include "cmd/cmd.h"

enum { FEED_GROUP = 8192 };

struct feed_record {
    enum list_what what;
    struct span raw; /* borrowed until the next group */
    uint64_t line;
    bool readable; /* who is set; else why */
    struct address who;
    struct refusal why;
    struct span scope_text; /* as the list says it; n == 0 when it does not */
    enum event_kind kind;
    int64_t at_us;
    struct span note;
};

struct feed {
    const char *path;
    const struct address_options *options;
    struct input *in;
    struct list_reader reader;
    struct buf buffer;
    size_t start; /* of what has not been handed out */
    bool at_end;
    struct buf words; /* scopes and notes of the current group */
    struct progress progress;
    uint64_t records, malformed, unreadable, complaints_shown;
};

/* Opens `path` (or "-") and finds out its shape. */
enum status feed_open(struct feed *f, const char *path, const struct list_wish *wish,
                      const struct address_options *options, struct problem *why);
void feed_close(struct feed *f);
/* The next group: *n of at most FEED_GROUP records, 0 at the end. */
enum status feed_next(struct feed *f, struct feed_record *out, size_t *n, struct problem *why);
/* Says on stderr why this record cannot be read; after some, only that there are more. */
void feed_complain(struct feed *f, const struct feed_record *r);
/* How the list was understood: "csv, column 2, as SendGrid writes it". */
void feed_describe(const struct feed *f, struct buf *out);

/* What the options of scrub and import wish of a list. Complains. */
struct feed_options {
    const char *column, *format, *digest, *product;
};
enum status feed_wish(const struct feed_options *o, struct list_wish *wish);

#endif
