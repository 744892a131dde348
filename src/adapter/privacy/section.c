/* src/adapter/privacy/section.c: reads a section of bits after its layout: its sub-sections, their
 * fields, and what those say of the person's will.
 *
 * Whatever was read before a fault counts. Three habits of the encoders are met here: the national
 * section says version 1 over the layout of version 2; sections 24 to 27 come with and without the
 * header of their specification; and an OptimizedRange is written in three ways.
 */
#include "adapter/privacy/read.h"

enum { UNDEFINED_CHOICE = 3, REFUSING = 1 };

static char letter_of(uint64_t sextet)
{
    return sextet < 26 ? (char)('A' + sextet) : '?';
}

/* Reads one field and moves `b` behind it. `custom` is the number of custom purposes. False: it is
 * cut short or makes no sense. */
static bool read_value(const struct field *f, struct privacy_bits *b, enum range_form form,
                       unsigned custom, struct privacy_value *v, bool *tidy)
{
    v->name = f->name;
    v->type = f->type;
    v->count = f->count;
    switch (v->type) {
    case PRIVACY_CHOICES:
    case PRIVACY_FLAGS:
        v->count = f->count == COUNT_CUSTOM ? custom : f->count;
        v->items = *b;
        return bits_skip(b, f->bits * v->count);
    case PRIVACY_IDS:
        return ids_open(b, form, &v->ids, tidy);
    case PRIVACY_RESTRICTIONS:
        return restrictions_open(b, form == RANGE_TCF ? RANGE_INT : form, &v->restrictions);
    default:
        v->number = bits_take(b, f->bits);
        v->letters[0] = letter_of(v->number >> SEXTET_BITS & 0x3f);
        v->letters[1] = letter_of(v->number & 0x3f);
        return !b->failed;
    }
}

unsigned privacy_item(const struct privacy_value *v, unsigned i)
{
    unsigned width = v->type == PRIVACY_CHOICES ? 2 : 1;
    return (unsigned)bits_at(&v->items, v->items.at + i * width, width);
}

/* --- what a field says ---------------------------------------------------------------------- */

/* `choices` are 2 bits each: is one of them `bits` (1 or 3)? */
static bool has_choice(uint64_t choices, unsigned bits)
{
    enum { PAIRS = 0x55555555 };
    uint64_t low = choices & PAIRS, high = choices >> 1 & PAIRS;
    return low & (bits == UNDEFINED_CHOICE ? high : ~high);
}

static void note_choices(struct reading *r, const struct section *section, enum privacy_right right,
                         uint64_t choices, const char *at)
{
    if (has_choice(choices, UNDEFINED_CHOICE))
        read_fault(r, section->name, "a choice has the undefined value 3", at);
    read_will(r, right, has_choice(choices, REFUSING) ? SAID_REFUSED : SAID_NO_REFUSAL);
}

static void note_version(struct reading *r, const struct section *section, uint64_t version,
                         const char *at)
{
    /* The national section's layout is known from its bits, not from its version. */
    bool known = section->id == section_usnat_1.id ? version == 1 || version == 2
                                                   : version == section->version;
    if (!known)
        read_fault(r, section->name, "the version is unknown", at);
}

/* `bits` is the field as a whole. */
static void note_value(struct reading *r, const struct section *section, const struct field *f,
                       uint64_t bits, const char *at)
{
    if (f->role < RIGHT_COUNT)
        note_choices(r, section, f->role, bits, at);
    else if (f->role == ROLE_VERSION)
        note_version(r, section, bits, at);
    else if (f->role == ROLE_GPC)
        read_gpc(r, bits == 1);
}

/* --- sub-sections --------------------------------------------------------------------------- */

/* Do all fields read in this form, with the greatest ids that they declare and no bits left? */
static bool fits(const struct part *part, struct privacy_bits b, enum range_form form)
{
    struct privacy_value v = {0};
    bool tidy = true;
    unsigned custom = 0;
    for (unsigned i = 0; i < part->n; i++) {
        bool this_tidy = true;
        if (!read_value(&part->fields[i], &b, form, custom, &v, &this_tidy))
            return false;
        tidy = tidy && this_tidy;
        if (part->fields[i].role == ROLE_CUSTOM_COUNT)
            custom = (unsigned)v.number;
    }
    return tidy && bits_rest_is_zero(&b);
}

/* Which of the readings of an OptimizedRange is meant: the first that makes sense to the last bit.
 * The declared greatest id makes the library's forms hard to meet by accident, so they are tried
 * first. */
static enum range_form choose_form(const struct part *part, const struct privacy_bits *b)
{
    static const enum range_form forms[] = {RANGE_LIBRARY, RANGE_TCF, RANGE_SPECIFICATION};
    if (!part->optimized)
        return RANGE_TCF;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (fits(part, *b, forms[i]))
            return forms[i];
    return RANGE_LIBRARY;
}

/* Reads the fields that can be read. NULL, or what is wrong with the first that cannot. */
static const char *read_fields(struct reading *r, const struct section *section,
                               const struct part *part, struct privacy_bits *b)
{
    enum range_form form = choose_form(part, b);
    struct privacy_value v = {.section = section->name};
    unsigned custom = 0;
    for (unsigned i = 0; i < part->n; i++) {
        const struct field *f = &part->fields[i];
        uint32_t at = b->at;
        if (!read_value(f, b, form, custom, &v, NULL))
            return b->failed ? "cut short" : "a range of ids makes no sense";
        if (f->role == ROLE_CUSTOM_COUNT)
            custom = (unsigned)v.number;
        else if (f->role != ROLE_NONE)
            note_value(r, section, f, bits_at(b, at, b->at - at), b->p + at / SEXTET_BITS);
        read_tell(r, &v);
    }
    return bits_rest_is_zero(b) ? NULL : "more follows the last field";
}

/* The same when nobody looks on, for the sections whose fields all have a fixed width. A window is
 * kept for as many fields as it covers. */
static const char *weigh_fields(struct reading *r, const struct section *section,
                                const struct part *part, struct privacy_bits *b)
{
    uint64_t window = bits_window(b, 0);
    uint32_t window_at = 0;
    for (unsigned i = 0; i < part->n; i++) {
        const struct field *f = &part->fields[i];
        uint32_t at = b->at, width = f->bits * f->count;
        if (!bits_skip(b, width))
            return "cut short";
        if (f->role == ROLE_NONE)
            continue;
        if (b->at > window_at + WINDOW_BITS) {
            window_at = at - at % SEXTET_BITS;
            window = bits_window(b, at / SEXTET_BITS);
        }
        note_value(r, section, f, window_bits(window, at - window_at, width),
                   b->p + at / SEXTET_BITS);
    }
    return bits_rest_is_zero(b) ? NULL : "more follows the last field";
}

static void read_part(struct reading *r, const struct section *section, const struct part *part,
                      struct span text)
{
    struct privacy_bits b;
    bool clean = bits_open(&b, text);
    bool weigh = !r->wish->visit && section->id >= section_usnat_1.id;
    const char *wrong = (weigh ? weigh_fields : read_fields)(r, section, part, &b);
    /* A foreign character explains whatever is missing behind it. */
    if (!clean)
        read_fault(r, section->name, "not a base64url character", text.p + b.end / SEXTET_BITS);
    else if (wrong)
        read_fault(r, section->name, wrong, text.p + b.at / SEXTET_BITS);
}

/* The optional sub-section that `text` is by its type, or NULL. */
static const struct part *find_part(const struct section *section, struct span text)
{
    struct privacy_bits b;
    (void)bits_open(&b, text);
    for (unsigned i = 1; i < section->part_count; i++) {
        const struct part *part = &section->parts[i];
        if (part->type_bits <= b.end &&
            (part->type_bits == 0 || bits_at(&b, 0, part->type_bits) == part->type))
            return part;
    }
    return NULL;
}

static void read_optional(struct reading *r, const struct section *section, struct span text,
                          unsigned *seen)
{
    const struct part *part = find_part(section, text);
    unsigned bit = part ? 1u << (part - section->parts) : 0;
    if (!part)
        read_fault(r, section->name, "an unknown sub-section", text.p);
    else if (*seen & bit)
        read_fault(r, section->name, "a sub-section comes twice", text.p);
    else
        read_part(r, section, part, text);
    *seen |= bit;
}

/* The sub-sections that were not there, as the IAB's libraries read them. */
static void tell_absent(struct reading *r, const struct section *section, unsigned seen)
{
    if (!r->wish->visit)
        return;
    r->counts = false; /* nobody said it */
    for (unsigned i = 1; i < section->part_count; i++)
        if (!(seen & 1u << i))
            read_part(r, section, &section->parts[i], span_of(section->parts[i].absent));
}

/* --- sections ------------------------------------------------------------------------------- */

/* Encoders up to 3.1.7 write version 1 over either layout. The opt-outs lie in the same bits of
 * both; what tells them apart is where the MSPA fields are, and where the bits end. */
static const struct section *choose_usnat(const struct section *usnat_2, struct span core)
{
    enum { LENGTH_1 = 60, LENGTH_2 = 70, COVERED_AT_1 = 54, VERSION_BITS = 6 };
    struct privacy_bits b;
    (void)bits_open(&b, core);
    if (b.end < LENGTH_2)
        return &section_usnat_1;
    uint64_t covered = bits_at(&b, COVERED_AT_1, 2);
    bool says_1 = bits_at(&b, 0, VERSION_BITS) == 1;
    b.at = LENGTH_1;
    return says_1 && (covered == 1 || covered == 2) && bits_rest_is_zero(&b) ? &section_usnat_1
                                                                             : usnat_2;
}

/* The header that the specification puts in front of sections 24 to 27, and the IAB's library does
 * not write, begins with the section's own id; a library string begins with the MSPA's version. */
static bool is_own_header(const struct section *section, struct span text)
{
    return section->has_header && text.n && sextet_of[(unsigned char)text.p[0]] == section->id;
}

/* A lone sub-section in the core's place, as `YA`: its author forgot the core. */
static bool is_core(const struct section *section, struct span text)
{
    enum { OPTIONAL_CHARACTERS = 2 };
    return text.n > OPTIONAL_CHARACTERS || section->parts[1].type_bits == 0;
}

void read_section(struct reading *r, const struct section *section, struct span text)
{
    struct span rest = text, piece;
    unsigned seen = 0;
    bool more = read_piece(&rest, '.', &piece);
    if (is_own_header(section, piece))
        more = read_piece(&rest, '.', &piece);
    if (more && is_core(section, piece)) {
        if (section->id == section_usnat_1.id)
            section = choose_usnat(section, piece);
        read_part(r, section, &section->parts[0], piece);
        more = read_piece(&rest, '.', &piece);
    } else {
        read_fault(r, section->name, "the core sub-section is missing", text.p);
    }
    for (; more; more = read_piece(&rest, '.', &piece))
        read_optional(r, section, piece, &seen);
    tell_absent(r, section, seen);
}
