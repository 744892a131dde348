/* src/authority/row.c: an event made into a row of the ledger, and checked against it again.
 *
 * What is personal is sealed; what the public log will say of the event is a commitment, the HMAC
 * of the event's canonical text (spec/log.md) under a salt of its own. Whoever has salt and text
 * can show what was recorded; without the salt the log tells nothing of it, so that erasing the
 * salt erases.
 */
#include "authority/inside.h"

void row_space_init(struct row_space *space)
{
    *space = (struct row_space){
        .who = BUF_INIT(ADDRESS_TEXT_MAX + 128),
        .proof = BUF_INIT(PROOF_MAX + 128),
        .aliases = BUF_INIT(LEDGER_ALIASES_MAX * ID_BYTES + 1),
        .others = BUF_INIT(ADDRESS_IDS_MAX * LEDGER_SEQ_BYTES),
        .text = BUF_INIT(EVENT_TEXT_MAX),
    };
}

void row_space_free(struct row_space *space)
{
    buf_free(&space->who);
    buf_free(&space->proof);
    buf_free(&space->aliases);
    buf_free(&space->others);
    buf_free(&space->text);
    secret_wipe(space->salt, sizeof space->salt);
}

/* What is kept of the address: itself, or only its SHA-256 when the operator wants no addresses. */
static enum status kept_form(const struct address *who, bool keep, struct address *out)
{
    uint8_t digest[HASH_BYTES_MAX];
    char hex[2 * SHA256_BYTES + 1];
    *out = *who;
    if (keep || who->kind == ADDRESS_DIGEST)
        return OK;
    enum status s = address_digest(who, HASH_SHA256, digest);
    if (s != OK)
        return s;
    hex_encode(digest, SHA256_BYTES, hex);
    return digest_parse(span_of(hex), HASH_SHA256, out, NULL);
}

enum status aliases_add(const struct authority *a, const struct address *who, family_set families,
                        struct buf *out)
{
    struct id ids[ADDRESS_IDS_MAX];
    size_t n = address_ids(&a->ids, who, families, ids);
    for (size_t i = 1; i < n; i++) {
        uint8_t bytes[ID_BYTES];
        id_store(ids[i], bytes);
        (void)buf_add(out, bytes, sizeof bytes);
    }
    return buf_status(out);
}

enum status event_text(const struct ledger_event *row, struct span who, struct span proof,
                       struct buf *out)
{
    struct statement said = {
        .kind = row->kind,
        .scope = row->scope,
        .who = who,
        .source = row->source,
        .proven = proof.n > 0,
        .at_us = row->at_us,
        .recorded_us = row->recorded_us,
        .normalisation = NORMALISATION_VERSION,
    };
    if (proof.n)
        hash_digest(HASH_SHA256, proof, said.proof_digest);
    buf_clear(out);
    return statement_format(&said, out);
}

static enum status commit_to(struct row_space *space, const struct ledger_event *row,
                             const struct address *kept, struct span proof)
{
    char printed[ADDRESS_TEXT_MAX + 8];
    address_print(kept, printed);
    enum status s = event_text(row, span_of(printed), proof, &space->text);
    if (s != OK)
        return s;
    secret_random(space->salt, sizeof space->salt);
    commitment_make(space->salt, buf_span(&space->text), space->commitment);
    return OK;
}

static enum status fill_space(const struct authority *a, const struct event *e, struct id id,
                              const struct address *kept, struct row_space *space)
{
    bool keep = config_keep_addresses(a->config);
    buf_clear(&space->who);
    buf_clear(&space->proof);
    buf_clear(&space->aliases);
    enum status s = seal_who(a, id, kept, &space->who);
    if (s == OK)
        s = aliases_add(a, e->who, keep ? FAMILY_BIT(HASH_SHA256) : FAMILIES_ALL, &space->aliases);
    if (s == OK && e->proof.n)
        s = seal_proof(a, id, e->proof, &space->proof);
    return s;
}

enum status row_make(const struct authority *a, const struct event *e, struct id id, int64_t now_us,
                     struct row_space *space, struct ledger_event *row)
{
    struct address kept;
    enum status s = kept_form(e->who, config_keep_addresses(a->config), &kept);
    if (s == OK)
        s = fill_space(a, e, id, &kept, space);
    *row = (struct ledger_event){
        .id = id,
        .kind = e->kind,
        .scope = e->scope,
        .proven = e->own_act && e->proof.n > 0,
        .at_us = e->at_us ? e->at_us : now_us,
        .recorded_us = now_us,
        .source = e->source,
        .who = buf_span(&space->who),
        .proof = buf_span(&space->proof),
        .aliases = buf_span(&space->aliases),
        .salt = {(char *)space->salt, sizeof space->salt},
        .commitment = {(char *)space->commitment, sizeof space->commitment},
    };
    return s == OK ? commit_to(space, row, &kept, e->proof) : s;
}

enum status row_check(const struct authority *a, const struct ledger_event *row,
                      struct row_space *space, struct problem *why)
{
    uint8_t expected[SHA256_BYTES];
    buf_clear(&space->who);
    buf_clear(&space->proof);
    if (row->salt.n == 0) /* erased: the commitment is all there is */
        return OK;
    enum status s = row->salt.n == LEDGER_SALT_BYTES ? OK : DAMAGED;
    if (s == OK)
        s = open_who(a, row, &space->who);
    if (s == OK && row->proof.n)
        s = open_proof(a, row, &space->proof);
    if (s == OK)
        s = event_text(row, buf_span(&space->who), buf_span(&space->proof), &space->text);
    if (s == OK) {
        commitment_make((const uint8_t *)row->salt.p, buf_span(&space->text), expected);
        s = secret_equal(expected, row->commitment.p, sizeof expected) ? OK : DAMAGED;
    }
    return s == OK ? OK
                   : problem_set(why, DAMAGED, "event %llu is not what was committed to",
                                 (unsigned long long)row->seq);
}
