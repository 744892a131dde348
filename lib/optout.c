/* lib/optout.c: the public library over the authority. The manual is include/optout.h. */
#include "optout.h"
#include "authority/authority.h"

#include <stdio.h>

/* The public enumerations are the inner ones under stable names. */
_Static_assert((int)OPTOUT_NO_RECORD == (int)REASON_NO_RECORD &&
                   (int)OPTOUT_OPT_IN == (int)REASON_OPT_IN &&
                   (int)OPTOUT_OPT_OUT == (int)REASON_OPT_OUT &&
                   (int)OPTOUT_STALE == (int)REASON_STALE &&
                   (int)OPTOUT_STALE + 1 == (int)REASON_COUNT,
               "reasons");
_Static_assert((int)OPTOUT_EVENT_OUT == (int)EVENT_OUT && (int)OPTOUT_EVENT_HOLD == (int)EVENT_HOLD,
               "kinds");

enum { BATCH = 256 };

struct optout {
    struct authority *authority;
};

static void tell(char *error, const char *what)
{
    if (error)
        (void)snprintf(error, OPTOUT_ERROR_BYTES, "%s", what);
}

static enum optout_status public_status(enum status s)
{
    return s == OK ? OPTOUT_OK : s == REFUSED ? OPTOUT_REFUSED : OPTOUT_FAILED;
}

enum optout_status optout_open(const char *dir, enum optout_mode mode, struct optout **out,
                               char *error)
{
    struct problem problem = {{0}};
    *out = NULL;
    struct optout *o = mem_new(1, sizeof *o);
    if (!o) {
        tell(error, "out of memory");
        return OPTOUT_FAILED;
    }
    enum status s = authority_open(dir, mode == OPTOUT_WRITE ? AUTHORITY_WRITE : AUTHORITY_READ,
                                   NULL, NULL, &o->authority, &problem);
    if (s != OK) {
        tell(error, problem.text);
        mem_free(o);
        return public_status(s);
    }
    *out = o;
    return OPTOUT_OK;
}

void optout_close(struct optout *o)
{
    if (!o)
        return;
    authority_close(o->authority);
    mem_free(o);
}

/* Reads a scope; NULL text gives NULL in *at, which means each address's own. */
static enum status read_scope(const char *text, struct scope *scope, const struct scope **at,
                              struct refusal *why)
{
    *at = text ? scope : NULL;
    return text ? scope_parse(span_of(text), scope, why) : OK;
}

/* At most BATCH addresses; `who` has room for as many. */
static enum status check_some(struct optout *o, const char *const *addresses, size_t n,
                              const struct inquiry *q, struct address *who,
                              enum optout_reason *reasons)
{
    enum reason answers[BATCH];
    size_t asked = 0;
    for (size_t i = 0; i < n; i++) {
        enum status s = address_parse(span_of(addresses[i]),
                                      authority_address_options(o->authority), &who[asked], NULL);
        reasons[i] = s == OK ? OPTOUT_STALE : OPTOUT_UNREADABLE;
        asked += s == OK;
    }
    enum status s = authority_ask(o->authority, q, who, asked, answers, NULL);
    for (size_t i = 0, at = 0; i < n; i++)
        if (reasons[i] != OPTOUT_UNREADABLE)
            reasons[i] = (enum optout_reason)answers[at++];
    return s;
}

static void deny_all(enum optout_reason *reasons, size_t n, enum optout_reason r)
{
    for (size_t i = 0; i < n; i++)
        reasons[i] = r;
}

enum optout_status optout_check_batch(struct optout *o, const char *const *addresses, size_t n,
                                      const char *scope_text, enum optout_purpose purpose,
                                      enum optout_reason *reasons)
{
    struct scope scope;
    struct inquiry q = {.purpose = purpose == OPTOUT_SERVICE ? PURPOSE_SERVICE : PURPOSE_MARKETING};
    if (read_scope(scope_text, &scope, &q.scope, NULL) != OK) {
        deny_all(reasons, n, OPTOUT_UNREADABLE);
        return OPTOUT_REFUSED;
    }
    struct address *who = mem_new(n < BATCH ? n : BATCH, sizeof *who);
    if (!who) {
        deny_all(reasons, n, OPTOUT_STALE);
        return OPTOUT_FAILED;
    }
    enum status worst = OK;
    for (size_t at = 0; at < n; at += BATCH) {
        size_t step = n - at < BATCH ? n - at : BATCH;
        enum status s = check_some(o, addresses + at, step, &q, who, reasons + at);
        worst = s != OK ? s : worst;
    }
    mem_free(who);
    return public_status(worst);
}

int optout_check(struct optout *o, const char *address, const char *scope,
                 enum optout_purpose purpose, enum optout_reason *why)
{
    enum optout_reason reason;
    (void)optout_check_batch(o, &address, 1, scope, purpose, &reason);
    if (why)
        *why = reason;
    return optout_allows(reason);
}

int optout_allows(enum optout_reason reason)
{
    return reason_allows((enum reason)reason);
}

const char *optout_reason_word(enum optout_reason reason)
{
    return reason_word((enum reason)reason);
}

/* What the caller gave, as an event; the refusal says what is wrong with it. */
static enum status make_event(struct optout *o, enum optout_kind kind, const char *address,
                              const char *scope, const char *source, const char *proof,
                              struct address *who, struct event *e, struct refusal *why)
{
    const struct scope *given;
    struct word word;
    if (kind < OPTOUT_EVENT_OUT || kind > OPTOUT_EVENT_HOLD)
        return refuse(why, "no such kind of event", 0);
    enum status s =
        address_parse(span_of(address), authority_address_options(o->authority), who, why);
    if (s == OK)
        s = read_scope(scope, &e->scope, &given, why);
    if (s != OK)
        return s;
    if (!given)
        e->scope = scope_of_address(who);
    e->kind = (enum event_kind)kind;
    e->who = who;
    e->source = span_of(source ? source : "lib");
    e->proof = span_of(proof);
    e->own_act = e->proof.n > 0;
    if (word_parse(e->source, &word, NULL) != OK || word.n == 0)
        return refuse(why, "the source is no word", 0);
    if (e->proof.n > PROOF_MAX || !utf8_valid(e->proof))
        return refuse(why, "the proof is too long or no UTF-8", 0);
    return OK;
}

enum optout_status optout_record(struct optout *o, enum optout_kind kind, const char *address,
                                 const char *scope, const char *source, const char *proof,
                                 uint64_t *event, char *error)
{
    struct address who;
    struct event e = {0};
    struct refusal why = {"", 0};
    struct recorded result;
    struct problem problem = {{0}};
    if (make_event(o, kind, address, scope, source, proof, &who, &e, &why) != OK) {
        tell(error, why.what);
        return OPTOUT_REFUSED;
    }
    enum status s = authority_record(o->authority, &e, 1, RECORD_EVERY, &result, &problem);
    if (s != OK) {
        tell(error, problem.text);
        return public_status(s);
    }
    if (result.outcome != RECORDED) {
        tell(error, "an opt-out stands; only the person's own act, with a proof, lifts it");
        return OPTOUT_REFUSED;
    }
    if (event)
        *event = result.seq;
    return OPTOUT_OK;
}

const char *optout_version(void)
{
    return OPTOUT_VERSION;
}
