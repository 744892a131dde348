/* src/adapter/privacy/ids.c: sets of ids, walked where they stand. Everything that is handed on was
 * walked once and found whole, so that whoever walks it again meets no fault.
 */
#include "adapter/privacy/ids.h"

/* The next run of set bits. */
static bool next_in_bitfield(struct privacy_ids *ids, uint32_t *first, uint32_t *last)
{
    for (; ids->left && !bits_at(&ids->bits, ids->bits.at, 1); ids->left--) {
        ids->bits.at++;
        ids->last++;
    }
    if (!ids->left)
        return false;
    *first = ids->last + 1;
    for (; ids->left && bits_at(&ids->bits, ids->bits.at, 1); ids->left--) {
        ids->bits.at++;
        ids->last++;
    }
    *last = ids->last;
    return true;
}

static inline void take_int_entry(struct privacy_bits *b, uint32_t *first, uint32_t *last)
{
    enum { SINGLE_BITS = 1 + ID_BITS, GROUP_BITS = SINGLE_BITS + ID_BITS, ID_MASK = 0xffff };
    if (b->end - b->at >= GROUP_BITS) {
        uint64_t entry = bits_at(b, b->at, GROUP_BITS);
        bool group = entry >> (GROUP_BITS - 1);
        *first = entry >> ID_BITS & ID_MASK;
        *last = group ? entry & ID_MASK : *first;
        b->at += group ? GROUP_BITS : SINGLE_BITS;
        return;
    }
    bool group = bits_take(b, 1);
    *first = (uint32_t)bits_take(b, ID_BITS);
    *last = group ? (uint32_t)bits_take(b, ID_BITS) : *first;
}

static void take_fibonacci_entry(struct privacy_bits *b, uint32_t before, uint32_t *first,
                                 uint32_t *last)
{
    bool group = bits_take(b, 1);
    *first = before + bits_take_fibonacci(b);
    *last = *first + (group ? bits_take_fibonacci(b) : 0);
}

static bool is_range(uint32_t first, uint32_t last, uint32_t greatest)
{
    return first >= 1 && first <= last && last <= greatest;
}

bool privacy_ids_next(struct privacy_ids *ids, uint32_t *first, uint32_t *last)
{
    if (!ids->left)
        return false;
    if (ids->form == IDS_BITFIELD)
        return next_in_bitfield(ids, first, last);
    if (ids->form == IDS_RANGES)
        take_int_entry(&ids->bits, first, last);
    else
        take_fibonacci_entry(&ids->bits, ids->last, first, last);
    ids->left--;
    if (ids->bits.failed || !is_range(*first, *last, VENDOR_MAX)) {
        ids->failed = true;
        ids->left = 0;
        return false;
    }
    ids->last = *last;
    return true;
}

static bool open_bitfield(struct privacy_bits *b, uint32_t length, struct privacy_ids *out,
                          bool *tidy)
{
    *out = (struct privacy_ids){.bits = *b, .left = length, .form = IDS_BITFIELD};
    if (!bits_skip(b, length) || b->failed) {
        *out = (struct privacy_ids){.failed = true};
        return false;
    }
    *tidy = length == 0 || bits_at(b, b->at - 1, 1);
    return true;
}

/* Walks all entries, to find the end and what is wrong. */
static bool open_ranges(struct privacy_bits *b, bool fibonacci, uint32_t greatest,
                        struct privacy_ids *out, bool *tidy)
{
    uint32_t count = (uint32_t)bits_take(b, COUNT_BITS), first, last, top = 0;
    *out = (struct privacy_ids){
        .bits = *b, .left = count, .form = fibonacci ? IDS_FIBONACCI : IDS_RANGES};
    struct privacy_ids walked = *out;
    while (privacy_ids_next(&walked, &first, &last))
        top = last > top ? last : top;
    *b = walked.bits;
    *tidy = top == greatest;
    if (!walked.failed && !b->failed && top <= greatest)
        return true;
    *out = (struct privacy_ids){.failed = true};
    return false;
}

bool ids_open(struct privacy_bits *b, enum range_form form, struct privacy_ids *out, bool *tidy)
{
    bool ignored;
    bool *is_tidy = tidy ? tidy : &ignored;
    if (form == RANGE_INT || form == RANGE_FIBONACCI)
        return open_ranges(b, form == RANGE_FIBONACCI, VENDOR_MAX, out, is_tidy);
    if (form == RANGE_SPECIFICATION) {
        if (!bits_take(b, 1))
            return open_bitfield(b, (uint32_t)bits_take(b, ID_BITS), out, is_tidy);
        bool fine = open_ranges(b, true, VENDOR_MAX, out, is_tidy);
        *is_tidy = true; /* it declares no greatest id that could differ */
        return fine;
    }
    uint32_t greatest = (uint32_t)bits_take(b, ID_BITS);
    if (!bits_take(b, 1))
        return open_bitfield(b, greatest, out, is_tidy);
    return open_ranges(b, form == RANGE_LIBRARY, greatest, out, is_tidy);
}

/* --- one id --------------------------------------------------------------------------------- */

bool ids_scan_ranges(struct privacy_bits *b, uint32_t greatest, uint32_t id, bool *has)
{
    struct privacy_bits at = *b; /* in registers */
    uint32_t count = (uint32_t)bits_take(&at, COUNT_BITS), first, last;
    bool fine = true, found = false;
    while (count-- && fine) {
        take_int_entry(&at, &first, &last);
        fine = is_range(first, last, greatest);
        found |= id >= first && id <= last;
    }
    *b = at;
    *has = found;
    return fine && !at.failed;
}

bool ids_scan(struct privacy_bits *b, uint32_t id, bool *has)
{
    uint32_t greatest = (uint32_t)bits_take(b, ID_BITS);
    if (bits_take(b, 1))
        return ids_scan_ranges(b, greatest, id, has);
    uint32_t at = b->at;
    if (!bits_skip(b, greatest) || b->failed)
        return false;
    *has = id >= 1 && id <= greatest && bits_at(b, at + id - 1, 1);
    return true;
}

/* --- the publisher's restrictions ----------------------------------------------------------- */

/* Takes one, and moves `r` behind it. */
static bool take_restriction(struct privacy_restrictions *r, struct privacy_restriction *out)
{
    out->purpose = (unsigned)bits_take(&r->bits, PURPOSE_BITS);
    out->type = (unsigned)bits_take(&r->bits, RESTRICTION_BITS);
    r->left--;
    return ids_open(&r->bits, r->range_form, &out->vendors, NULL);
}

bool privacy_restrictions_next(struct privacy_restrictions *r, struct privacy_restriction *out)
{
    return r->left && take_restriction(r, out);
}

bool restrictions_open(struct privacy_bits *b, enum range_form form,
                       struct privacy_restrictions *out)
{
    struct privacy_restriction one;
    uint32_t count = (uint32_t)bits_take(b, COUNT_BITS);
    *out = (struct privacy_restrictions){.bits = *b, .left = count, .range_form = form};
    struct privacy_restrictions walked = *out;
    bool fine = !b->failed;
    while (fine && walked.left)
        fine = take_restriction(&walked, &one);
    *b = walked.bits;
    if (!fine)
        *out = (struct privacy_restrictions){0};
    return fine;
}
