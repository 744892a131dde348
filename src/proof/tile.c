/* src/proof/tile.c: the resources of a tiled log (C2SP tlog-tiles).
 *
 * A path is tile/LEVEL/INDEX or tile/entries/INDEX, with `.p/WIDTH` behind it when the tile is
 * partial. The index is written in groups of three digits, all but the last behind an `x`, with no
 * group of zeros in front.
 */
#include "proof/line.h"

#include <stdio.h>

enum { GROUP_DIGITS = 3, GROUP_VALUES = 1000, GROUPS_MAX = 7 };

void tile_path(const struct tile *t, char out[TILE_PATH_BYTES])
{
    unsigned groups[GROUPS_MAX], count = 0;
    uint64_t rest = t->index;
    do {
        groups[count++] = (unsigned)(rest % GROUP_VALUES);
        rest /= GROUP_VALUES;
    } while (rest);
    int n = t->entries ? snprintf(out, TILE_PATH_BYTES, "tile/entries")
                       : snprintf(out, TILE_PATH_BYTES, "tile/%u", t->level);
    while (count-- > 0)
        n += snprintf(out + n, (size_t)(TILE_PATH_BYTES - n), count ? "/x%03u" : "/%03u",
                      groups[count]);
    if (t->width < TILE_WIDTH)
        n += snprintf(out + n, (size_t)(TILE_PATH_BYTES - n), ".p/%u", t->width);
    INVARIANT(n < TILE_PATH_BYTES);
}

/* The element up to the next slash, which is passed over. */
static struct span element(struct span path, size_t *at)
{
    struct span rest = span_from(path, *at);
    struct span e = span_cut(rest, span_find(rest, '/'));
    *at += e.n < rest.n ? e.n + 1 : e.n;
    return e;
}

static bool parse_level(struct span e, struct tile *out)
{
    uint64_t level = 0;
    out->entries = span_eq(e, SPAN("entries"));
    if (!out->entries && (!line_u64(e, &level) || level > TILE_LEVEL_MAX))
        return false;
    out->level = (unsigned)level;
    return true;
}

static bool add_group(struct span digits, uint64_t *index)
{
    uint64_t group, shifted;
    return digits.n == GROUP_DIGITS && span_to_u64(digits, &group) == OK &&
           !__builtin_mul_overflow(*index, GROUP_VALUES, &shifted) &&
           !__builtin_add_overflow(shifted, group, index);
}

/* Reads the groups; *last is the one without an `x`, which may have `.p` behind its digits. */
static bool parse_index(struct span path, size_t *at, struct span *last, uint64_t *index)
{
    *index = 0;
    struct span e = element(path, at);
    while (e.n > 0 && e.p[0] == 'x') {
        if (!add_group(span_from(e, 1), index) || *index == 0)
            return false;
        e = element(path, at);
    }
    *last = e;
    return add_group(span_cut(e, GROUP_DIGITS), index);
}

enum status tile_path_parse(struct span path, struct tile *out, struct refusal *why)
{
    size_t at = 0;
    uint64_t width = TILE_WIDTH;
    struct span last;
    *out = (struct tile){0};
    if (!span_eq(element(path, &at), SPAN("tile")))
        return refuse(why, "a tile's path begins with tile/", 0);
    size_t place = at;
    if (!parse_level(element(path, &at), out))
        return refuse(why, "a tile's level is entries or a number up to 63", place);
    place = at;
    if (!parse_index(path, &at, &last, &out->index))
        return refuse(why, "a tile's index is groups of three digits, x before all but the last",
                      place);
    bool partial = span_eq(span_from(last, GROUP_DIGITS), SPAN(".p"));
    place = at;
    if (partial && (!line_u64(element(path, &at), &width) || width == 0 || width >= TILE_WIDTH))
        return refuse(why, "a partial tile's width is a number from 1 to 255", place);
    if ((!partial && last.n != GROUP_DIGITS) || at != path.n || path.p[path.n - 1] == '/')
        return refuse(why, "something stands behind the tile's path", place);
    out->width = (unsigned)width;
    return OK;
}

unsigned tile_width(unsigned level, uint64_t index, uint64_t size)
{
    if (level * TILE_HEIGHT >= MERKLE_LEVELS)
        return 0;
    uint64_t hashes = size >> level * TILE_HEIGHT, full = hashes >> TILE_HEIGHT;
    if (index < full)
        return TILE_WIDTH;
    return index == full ? (unsigned)(hashes % TILE_WIDTH) : 0;
}

struct tile tile_holding(unsigned level, uint64_t index)
{
    unsigned height = level % TILE_HEIGHT;
    return (struct tile){.level = level / TILE_HEIGHT,
                         .index = index >> (TILE_HEIGHT - height),
                         .width = TILE_WIDTH};
}

enum status tile_hash(struct span tile, unsigned level, uint64_t index, struct merkle_hash *out)
{
    unsigned height = level % TILE_HEIGHT, count = 1u << height;
    size_t first = (index << height) % TILE_WIDTH;
    struct merkle_hash row[TILE_WIDTH / 2];
    if (tile.n > TILE_WIDTH * MERKLE_HASH_BYTES || tile.n % MERKLE_HASH_BYTES != 0 ||
        tile.n / MERKLE_HASH_BYTES < first + count)
        return NOT_FOUND;
    memcpy(row, tile.p + first * MERKLE_HASH_BYTES, count * sizeof *row);
    for (; count > 1; count /= 2)
        for (unsigned i = 0; i < count / 2; i++)
            row[i] = merkle_node(&row[2 * i], &row[2 * i + 1]);
    *out = row[0];
    return OK;
}

enum status entry_add(struct buf *bundle, struct span entry)
{
    if (entry.n > ENTRY_MAX)
        return REFUSED;
    uint8_t length[2] = {(uint8_t)(entry.n >> 8), (uint8_t)entry.n};
    enum status s = buf_reserve(bundle, sizeof length + entry.n);
    if (s == OK)
        s = buf_add(bundle, length, sizeof length);
    return s == OK ? buf_add_span(bundle, entry) : s;
}

enum status entry_next(struct span bundle, size_t *at, struct span *entry)
{
    struct span rest = span_from(bundle, *at);
    if (rest.n == 0)
        return NOT_FOUND;
    if (rest.n < 2)
        return REFUSED;
    size_t n = (size_t)(uint8_t)rest.p[0] << 8 | (uint8_t)rest.p[1];
    if (rest.n - 2 < n)
        return REFUSED;
    *entry = (struct span){rest.p + 2, n};
    *at += 2 + n;
    return OK;
}
