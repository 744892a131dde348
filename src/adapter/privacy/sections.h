/* src/adapter/privacy/sections.h: the layouts of all sections, as data: sections, their
 * sub-sections, and the fields of those in bit order. Private to the room.
 */
#ifndef ADAPTER_PRIVACY_SECTIONS_H
#define ADAPTER_PRIVACY_SECTIONS_H

#include "adapter/privacy/privacy.h"

/* What a field means to the decision. The rights come first, so that one is a role as it stands. */
enum role {
    ROLE_GPC = RIGHT_COUNT,
    ROLE_VERSION,
    ROLE_CUSTOM_COUNT, /* how many custom purposes there are */
    ROLE_NONE
};

/* `count` of a PRIVACY_FLAGS field that has a flag for each custom purpose. */
enum { COUNT_CUSTOM = 0 };

struct field {
    const char *name;
    uint8_t type; /* enum privacy_type */
    uint8_t bits; /* of one number; unused for sets */
    uint8_t count;
    uint8_t role;
};

struct part {
    const struct field *fields;
    uint8_t n;
    /* The sub-section's type, in its first bits. The core, which comes first, has none, nor has
     * a lone optional sub-section. */
    uint8_t type_bits, type;
    bool optimized;     /* it has an OptimizedRange, of which there are three readings */
    const char *absent; /* what it reads as when it is not there; NULL: it must be there */
};

enum { PARTS_MAX = 4 };

struct section {
    unsigned id;
    const char *name;
    unsigned version;
    bool has_header; /* by its specification a header sub-section comes before the core */
    uint8_t part_count;
    struct part parts[PARTS_MAX]; /* the core first */
};

/* NULL for ids without a layout. */
const struct section *section_find(unsigned id);

/* Section 7 has two layouts, in strings that do not say which; section_find gives version 2. */
extern const struct section section_usnat_1;

extern const struct section section_tcf;

#endif
