/* lookup/apply.h: changes to a lookup in use. */
#ifndef LOOKUP_APPLY_H
#define LOOKUP_APPLY_H

#include "lookup/view.h"

/* lookup_apply on a current, writable view of the files in `dir`. *begun tells whether readers may
 * have seen some of the changes when it fails. */
enum status apply(const char *dir, struct lookup_view *v, const struct lookup_change *changes,
                  size_t n, uint64_t applied, bool *begun, struct problem *why) MUST_CHECK;

#endif
