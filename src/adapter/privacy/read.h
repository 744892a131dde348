/* src/adapter/privacy/read.h: what the readers of the kinds of string share: one reading under way.
 * Private to the room.
 */
#ifndef ADAPTER_PRIVACY_READ_H
#define ADAPTER_PRIVACY_READ_H

#include "adapter/privacy/ids.h"
#include "adapter/privacy/sections.h"

struct reading {
    const char *start; /* of the whole string, for offsets */
    const struct privacy_wish *wish;
    struct privacy_decision *out;
    bool counts; /* the section being read applies */
};

/* Remembers the first fault, at `at`; `section` is NULL for the string as a whole. */
void read_fault(struct reading *r, const char *section, const char *what, const char *at);
/* The strictest of what was said so far and `said`, when the section counts. */
void read_will(struct reading *r, enum privacy_right right, enum privacy_said said);
void read_gpc(struct reading *r, bool on);
/* Tells the visitor, if there is one. */
void read_tell(const struct reading *r, const struct privacy_value *v);

/* A section of bits, with its sub-sections. */
void read_section(struct reading *r, const struct section *section, struct span text);
/* The four characters of US Privacy. */
void read_usp(struct reading *r, struct span text);

/* The next piece of *rest up to `separator`; false when none is left. *rest begins as the whole
 * text; an empty text is one empty piece. */
bool read_piece(struct span *rest, char separator, struct span *piece);

#endif
