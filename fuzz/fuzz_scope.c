/* fuzz/fuzz_scope.c: scope_parse over any bytes, line by line; containment over what was read.
 *
 * A scope that is read, printed and read again is the same one. Containment is a partial order:
 * reflexive, antisymmetric, transitive, with `*` above all. What is refused has a reason and a
 * place within the input.
 */
#include "event/event.h"

enum { SCOPES_MAX = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reads_back(const struct scope *s)
{
    char text[SCOPE_BYTES];
    struct scope again;
    scope_format(s, text);
    INVARIANT(strlen(text) < SCOPE_BYTES);
    INVARIANT(scope_parse(span_of(text), &again, NULL) == OK && scope_equal(s, &again));
}

/* Everything that `s` is contained in and is no larger than by one `*`, and `*` itself. */
static void is_below_its_widenings(const struct scope *s)
{
    static const struct scope everything;
    struct scope channel = *s, sender = *s, topic = *s;
    channel.channel = CHANNEL_ANY;
    sender.sender = topic.topic = (struct word){0};
    INVARIANT(scope_contains(&everything, s) && scope_contains(s, s));
    INVARIANT(scope_contains(&channel, s) && scope_contains(&sender, s) &&
              scope_contains(&topic, s));
    INVARIANT(scope_contains(s, &everything) == scope_equal(s, &everything));
}

static void is_ordered(const struct scope *scopes, size_t n)
{
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            bool above = scope_contains(&scopes[a], &scopes[b]);
            bool equal = scope_equal(&scopes[a], &scopes[b]);
            INVARIANT(equal == (above && scope_contains(&scopes[b], &scopes[a])));
            for (size_t c = 0; above && c < n; c++)
                INVARIANT(!scope_contains(&scopes[b], &scopes[c]) ||
                          scope_contains(&scopes[a], &scopes[c]));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scope scopes[SCOPES_MAX];
    size_t n = 0;
    struct span rest = {(const char *)data, size};
    while (rest.n && n < SCOPES_MAX) {
        struct refusal why = {0};
        size_t end = span_find(rest, '\n');
        struct span line = span_cut(rest, end);
        rest = span_from(rest, end + 1);
        if (scope_parse(line, &scopes[n], &why) != OK) {
            INVARIANT(why.what && why.offset <= line.n);
            continue;
        }
        reads_back(&scopes[n]);
        is_below_its_widenings(&scopes[n++]);
    }
    is_ordered(scopes, n);
    return 0;
}
