/* src/config/suggest.c: the nearest word, by the edits between two. See suggest.h. */
#include "config/suggest.h"

enum { WORD_BYTES_MAX = 32 }; /* longer words have no neighbour among ours */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters changed, added, left out, or swapped with the next, to make `b` out of `a`: the optimal
 * string alignment distance, by rows of which three are kept. */
static size_t edits(struct span a, struct span b)
{
    size_t rows[3][WORD_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && y == ascii_lower(a.p[i - 2]))
                row[j] = smaller(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

const char *nearest_word(struct span written, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t best_edits = SIZE_MAX;
    for (size_t i = 0; written.n <= WORD_BYTES_MAX && i < count; i++) {
        struct span word = span_of(words[i]);
        INVARIANT(word.n <= WORD_BYTES_MAX);
        size_t n = edits(written, word);
        if (n <= word.n / 2 && n < best_edits) {
            best = words[i];
            best_edits = n;
        }
    }
    return best;
}
