/* src/config/suggest.h: which known word did somebody mean who wrote an unknown one? Private. */
#ifndef CONFIG_SUGGEST_H
#define CONFIG_SUGGEST_H

#include "base/span.h"

/* The nearest of `count` words, or NULL when none is near: when more than half of its letters
 * would have to change. Case does not count. */
const char *nearest_word(struct span written, const char *const *words, size_t count);

#endif
