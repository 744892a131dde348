#include "event/event.h"

static const char *const kind_words[EVENT_KINDS] = {
    [EVENT_OUT] = "out",   [EVENT_IN] = "in",     [EVENT_COMPLAINT] = "complaint",
    [EVENT_DEAD] = "dead", [EVENT_HOLD] = "hold", [EVENT_FORGET] = "forget",
};

const char *event_kind_word(enum event_kind k)
{
    INVARIANT(k >= EVENT_OUT && k < EVENT_KINDS);
    return kind_words[k];
}

enum status event_kind_parse(struct span s, enum event_kind *out)
{
    for (unsigned k = EVENT_OUT; k < EVENT_KINDS; k++) {
        if (span_eq(s, span_of(kind_words[k]))) {
            *out = (enum event_kind)k;
            return OK;
        }
    }
    return NOT_FOUND;
}
