/* cmd/sink.h: an output file that appears under its name only when it is whole. Private to cmd. */
#ifndef CMD_SINK_H
#define CMD_SINK_H

#include "base/base.h"

struct sink {
    const char *path; /* NULL: no output at all; "-": stdout */
    char temporary[PATH_BYTES];
    int fd;
    struct buf buffer;
    enum status failed;
};

/* Opens a temporary file beside `path`. A path that is no regular file (a pipe, /dev/null) is
 * written directly. */
enum status sink_open(struct sink *s, const char *path, struct problem *why) MUST_CHECK;
/* Adds bytes; a failure is remembered until sink_finish. */
void sink_add(struct sink *s, struct span bytes);
static inline bool sink_wanted(const struct sink *s)
{
    return s->path != NULL;
}
/* Writes the rest, syncs, and gives the file its name. */
enum status sink_finish(struct sink *s, struct problem *why) MUST_CHECK;
/* Removes what was written under the temporary name. Fine after sink_finish. */
void sink_abandon(struct sink *s);

#endif
