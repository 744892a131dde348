/* src/config/config.c: the questions that a parsed configuration answers. Parsing is parse.c. */
#include "config/config.h"
#include "base/mem.h"
#include "config/model.h"
#include "config/value.h"

void config_free(struct config *c)
{
    if (!c)
        return;
    mem_free(c->text);
    mem_free(c->entries);
    mem_free(c->senders);
    mem_free(c->topics);
    mem_free(c);
}

struct section *find_sender(const struct config *c, const struct word *name)
{
    for (size_t i = 0; i < c->sender_count; i++)
        if (word_equal(&c->senders[i].name, name))
            return &c->senders[i];
    return NULL;
}

struct section *find_topic(const struct config *c, size_t sender, const struct word *name)
{
    for (size_t i = 0; i < c->topic_count; i++)
        if (c->topics[i].sender == sender && word_equal(&c->topics[i].name, name))
            return &c->topics[i];
    return NULL;
}

static const struct entry *find_entry(const struct config *c, enum key key)
{
    for (size_t i = 0; i < c->file.count; i++)
        if (c->entries[c->file.first + i].key == key)
            return &c->entries[c->file.first + i];
    return NULL;
}

static const char *file_value(const struct config *c, enum key key)
{
    const struct entry *e = find_entry(c, key);
    return e ? e->value : "";
}

const char *config_default_country(const struct config *c)
{
    return file_value(c, KEY_DEFAULT_COUNTRY);
}

const char *config_base_url(const struct config *c)
{
    return file_value(c, KEY_BASE_URL);
}

bool config_keep_addresses(const struct config *c)
{
    const struct entry *e = find_entry(c, KEY_KEEP_ADDRESSES);
    return !e || e->yes;
}

/* --- consent --------------------------------------------------------------------------------- */

/* What a section says about consent on a channel, its word for that channel before the general
 * one; NULL when it says nothing. `s` may be NULL. */
static const struct entry *consent_in(const struct config *c, const struct section *s,
                                      enum channel channel)
{
    const struct entry *general = NULL;
    for (size_t i = 0; s && i < s->count; i++) {
        const struct entry *e = &c->entries[s->first + i];
        if (e->key != KEY_CONSENT)
            continue;
        if (e->channel == CHANNEL_ANY)
            general = e;
        else if (e->channel == channel)
            return e;
    }
    return general;
}

/* A `*` in the question is answered by the general words alone, as it is covered only by `*`. */
bool config_consent_required(const struct config *c, const struct scope *question)
{
    const struct section *sender = question->sender.n ? find_sender(c, &question->sender) : NULL;
    const struct section *topic = NULL;
    if (sender && question->topic.n)
        topic = find_topic(c, (size_t)(sender - c->senders), &question->topic);
    const struct section *levels[] = {topic, sender, &c->file};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        const struct entry *e = consent_in(c, levels[i], question->channel);
        if (e)
            return e->yes;
    }
    return false;
}

/* --- senders, topics and their texts --------------------------------------------------------- */

static const char *find_text(const struct config *c, const struct section *s, enum key key,
                             struct span language)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct entry *e = &c->entries[s->first + i];
        if (e->key == key && language_equal(e->language, language))
            return e->value;
    }
    return NULL;
}

/* The lookup of RFC 4647 section 3.4: `zh-Hant-TW`, then `zh-Hant`, then `zh`, then the plain
 * text; `fallback` when there is not even that. */
static const char *text_in(const struct config *c, const struct section *s, enum key key,
                           const char *language, const char *fallback)
{
    struct span tag = span_cut(span_of(language), LANGUAGE_ASKED_MAX);
    const char *text = find_text(c, s, key, tag);
    while (!text && tag.n) {
        do
            tag.n--;
        while (tag.n && tag.p[tag.n] != '-' && tag.p[tag.n] != '_');
        text = find_text(c, s, key, tag);
    }
    return text ? text : fallback;
}

static const struct section *sender_at(const struct config *c, size_t sender)
{
    INVARIANT(sender < c->sender_count);
    return &c->senders[sender];
}

static const struct section *topic_at(const struct config *c, size_t sender, size_t topic)
{
    const struct section *s = sender_at(c, sender);
    INVARIANT(topic < s->topic_count);
    return &c->topics[s->first_topic + topic];
}

size_t config_sender_count(const struct config *c)
{
    return c->sender_count;
}

const struct word *config_sender_name(const struct config *c, size_t sender)
{
    return &sender_at(c, sender)->name;
}

const char *config_sender_title(const struct config *c, size_t sender, const char *language)
{
    const struct section *s = sender_at(c, sender);
    return text_in(c, s, KEY_TITLE, language, s->text);
}

size_t config_topic_count(const struct config *c, size_t sender)
{
    return sender_at(c, sender)->topic_count;
}

const struct word *config_topic_name(const struct config *c, size_t sender, size_t topic)
{
    return &topic_at(c, sender, topic)->name;
}

const char *config_topic_title(const struct config *c, size_t sender, size_t topic,
                               const char *language)
{
    const struct section *t = topic_at(c, sender, topic);
    return text_in(c, t, KEY_TITLE, language, t->text);
}

const char *config_topic_description(const struct config *c, size_t sender, size_t topic,
                                     const char *language)
{
    return text_in(c, topic_at(c, sender, topic), KEY_DESCRIPTION, language, "");
}

const char *config_topic_frequency(const struct config *c, size_t sender, size_t topic,
                                   const char *language)
{
    return text_in(c, topic_at(c, sender, topic), KEY_FREQUENCY, language, "");
}
