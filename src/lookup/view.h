/* lookup/view.h: the two files as one: a snapshot and the delta that belongs to it.
 *
 * A view is a mapping. It stays readable however the files are replaced; taking and giving it back
 * (lookup.c) decides when it goes. Damage sticks: once a check has failed, every later question to
 * the same view is DAMAGED, so that a word that was not found because of damage can not lead to a
 * milder answer either.
 */
#ifndef LOOKUP_VIEW_H
#define LOOKUP_VIEW_H

#include "lookup/delta.h"
#include "lookup/snapshot.h"

#include <sys/types.h>

enum { STRIPES = 16, CACHE_LINE_BYTES = 64 };

#define BASE_NAME  "lookup.base"
#define DELTA_NAME "lookup.delta"

/* Which file it is, whatever its name is now. */
struct file_mark {
    dev_t device;
    ino_t inode;
};

struct lookup_view {
    struct snapshot base;
    struct delta delta;
    struct file_mark base_mark, delta_mark;
    _Atomic bool damaged;
    /* Under the locks of lookup.c: how often it was taken less how often given back, on each
     * stripe; their sum is the number of holders. */
    struct {
        int64_t n;
        char apart[CACHE_LINE_BYTES - sizeof(int64_t)];
    } taken[STRIPES];
    bool retired;
    struct lookup_view *next;
};

/* Opens what has the names in `dir`, waiting a little while a writer puts new files there when
 * `patient`. As lookup_open. */
enum status view_open(const char *dir, bool writable, bool patient, struct lookup_view **out,
                      struct problem *why) MUST_CHECK;
void view_close(struct lookup_view *v);

/* Do the names in `dir` still mean the files of this view? */
bool view_is_current(const struct lookup_view *v, const char *dir);
/* OK; BUSY when other files have taken the place of these; DAMAGED. */
enum status view_health(const struct lookup_view *v) MUST_CHECK;
/* Makes damage stick; returns DAMAGED. */
enum status view_doubt(const struct lookup_view *v);

#endif
