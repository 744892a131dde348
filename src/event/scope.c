/* src/event/scope.c: channels, words and scopes, read, written and compared. */
#include "event/event.h"

#include <stdio.h>

static const char *const channel_words[CHANNEL_COUNT] = {
    [CHANNEL_ANY] = "*",       [CHANNEL_EMAIL] = "email", [CHANNEL_SMS] = "sms",
    [CHANNEL_VOICE] = "voice", [CHANNEL_PUSH] = "push",   [CHANNEL_POST] = "post",
    [CHANNEL_ADS] = "ads",
};

const char *channel_word(enum channel c)
{
    INVARIANT(c < CHANNEL_COUNT);
    return channel_words[c];
}

enum status channel_parse(struct span s, enum channel *out)
{
    for (unsigned c = 0; c < CHANNEL_COUNT; c++) {
        if (span_eq_fold(s, span_of(channel_words[c]))) {
            *out = (enum channel)c;
            return OK;
        }
    }
    return NOT_FOUND;
}

enum channel channel_of_address(enum address_kind kind)
{
    switch (kind) {
    case ADDRESS_EMAIL:
        return CHANNEL_EMAIL;
    case ADDRESS_PHONE:
        return CHANNEL_SMS;
    case ADDRESS_DEVICE:
    case ADDRESS_COOKIE:
        return CHANNEL_ADS;
    case ADDRESS_DIGEST:
        return CHANNEL_ANY;
    }
    bug(__FILE__, __LINE__, "no such kind of address");
}

static bool is_word_char(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '.' || c == '_' || c == '-';
}

enum status word_parse(struct span s, struct word *out, struct refusal *why)
{
    struct word w = {0};
    if (s.n == 0)
        return refuse(why, "a sender or topic is empty; write * for any", 0);
    if (s.n == 1 && s.p[0] == '*') {
        *out = w;
        return OK;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (!is_word_char(s.p[i]))
            return refuse(why, "a sender or topic has letters a-z, digits, '.', '_' and '-' only",
                          i);
        if (i == WORD_MAX)
            return refuse(why, "a sender or topic has at most 64 characters", i);
        w.text[i] = ascii_lower(s.p[i]);
    }
    w.n = (uint8_t)s.n;
    *out = w;
    return OK;
}

bool word_equal(const struct word *a, const struct word *b)
{
    return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

/* word_parse for the part of a scope that starts at `offset`. */
static enum status part_parse(struct span s, size_t offset, struct word *out, struct refusal *why)
{
    enum status st = word_parse(s, out, why);
    if (st != OK && why)
        why->offset += offset;
    return st;
}

enum status scope_parse(struct span s, struct scope *out, struct refusal *why)
{
    struct scope scope = {0};
    if (s.n == 1 && s.p[0] == '*') {
        *out = scope;
        return OK;
    }
    size_t colon = span_find(s, ':'), slash = span_find(s, '/');
    if (colon == s.n || slash == s.n || slash < colon)
        return refuse(why, "a scope is CHANNEL:SENDER/TOPIC, as email:acme/news, or *",
                      colon == s.n ? s.n : slash);
    if (channel_parse(span_cut(s, colon), &scope.channel) != OK)
        return refuse(why, "the channel is none of email, sms, voice, push, post, ads and *", 0);
    struct span sender = {s.p + colon + 1, slash - colon - 1};
    enum status st = part_parse(sender, colon + 1, &scope.sender, why);
    if (st == OK)
        st = part_parse(span_from(s, slash + 1), slash + 1, &scope.topic, why);
    if (st == OK)
        *out = scope;
    return st;
}

void scope_format(const struct scope *s, char out[SCOPE_BYTES])
{
    struct span sender = word_span(&s->sender), topic = word_span(&s->topic);
    (void)snprintf(out, SCOPE_BYTES, "%s:%.*s/%.*s", channel_word(s->channel), SPAN_ARG(sender),
                   SPAN_ARG(topic));
}

bool scope_equal(const struct scope *a, const struct scope *b)
{
    return a->channel == b->channel && word_equal(&a->sender, &b->sender) &&
           word_equal(&a->topic, &b->topic);
}

bool scope_contains(const struct scope *outer, const struct scope *inner)
{
    return (outer->channel == CHANNEL_ANY || outer->channel == inner->channel) &&
           (outer->sender.n == 0 || word_equal(&outer->sender, &inner->sender)) &&
           (outer->topic.n == 0 || word_equal(&outer->topic, &inner->topic));
}
