/* lookup/build.h: making new files out of old ones and changes. */
#ifndef LOOKUP_BUILD_H
#define LOOKUP_BUILD_H

#include "lookup/lookup.h"

/* Starts a build that has what the view has, with room for `more` ids. */
enum status build_from_view(const char *dir, const struct lookup_view *v, uint64_t more,
                            struct lookup_build **out) MUST_CHECK;

#endif
