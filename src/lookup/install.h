/* lookup/install.h: putting a new pair of files in the place of the old, whatever is there. */
#ifndef LOOKUP_INSTALL_H
#define LOOKUP_INSTALL_H

#include "lookup/pool.h"
#include "lookup/table.h"

/* Writes both files aside, tells the readers of the old ones that these are superseded, and renames
 * the new ones into place. In this order a crash at any point leaves either a pair that is whole
 * and known to everybody, or one that view_open calls DAMAGED. */
enum status install(const char *dir, const struct table *table, const struct pool *pool,
                    const struct lookup_origin *origin, struct problem *why) MUST_CHECK;

/* Writes a standing into the file lookup.delta of `dir`, if it can be. */
void install_standing(const char *dir, uint64_t standing);

#endif
