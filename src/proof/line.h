/* src/proof/line.h: the lines that every format here is made of. Private to the room. */
#ifndef PROOF_LINE_H
#define PROOF_LINE_H

#include "proof/proof.h"

struct lines {
    struct span text;
    size_t at; /* where the next line begins */
};

/* The next line without its newline. False at the end, and for a rest that no newline ends. */
bool line_next(struct lines *l, struct span *line);

/* Well-formed UTF-8 without ASCII control characters; may be empty. */
bool line_clean(struct span line);

/* A decimal number as it is printed: no sign, no leading zero. */
bool line_u64(struct span line, uint64_t *out);

/* A hash in Base64, and a line of it. */
bool line_hash(struct span line, struct merkle_hash *out);
void line_add_hash(struct buf *out, const struct merkle_hash *hash);

#endif
