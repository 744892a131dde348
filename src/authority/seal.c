#include "authority/inside.h"

enum { CONTEXT_BYTES = 1 + ID_BYTES };

/* What a sealed text is bound to: its role and the id of its event, so that sealed bytes moved to
 * another row or column do not open. */
static struct span context_of(char role, struct id id, char out[CONTEXT_BYTES])
{
    out[0] = role;
    id_store(id, (uint8_t *)out + 1);
    return (struct span){out, CONTEXT_BYTES};
}

enum status seal_who(const struct authority *a, struct id id, const struct address *who,
                     struct buf *out)
{
    char context[CONTEXT_BYTES], text[ADDRESS_TEXT_MAX + 8];
    address_print(who, text);
    return secret_seal(&a->seal, context_of('w', id, context), span_of(text), out);
}

enum status seal_proof(const struct authority *a, struct id id, struct span proof, struct buf *out)
{
    char context[CONTEXT_BYTES];
    return secret_seal(&a->seal, context_of('p', id, context), proof, out);
}

static enum status open_sealed(const struct authority *a, char role, struct id id,
                               struct span sealed, struct buf *out)
{
    char context[CONTEXT_BYTES];
    if (sealed.n == 0)
        return NOT_FOUND;
    return secret_open(&a->seal, context_of(role, id, context), sealed, out);
}

enum status open_who(const struct authority *a, const struct ledger_event *e, struct buf *out)
{
    return open_sealed(a, 'w', e->id, e->who, out);
}

enum status open_proof(const struct authority *a, const struct ledger_event *e, struct buf *out)
{
    return open_sealed(a, 'p', e->id, e->proof, out);
}
