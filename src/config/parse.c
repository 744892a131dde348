/* src/config/parse.c: the text of optout.conf into a struct config.
 *
 *   file     = { line }
 *   line     = blanks | "#" anything | "[" header "]" | name [ "." variant ] "=" value
 *   header   = "sender" word | "topic" word "/" word
 *   value    = text | '"' text '"'
 *
 * A `#` with a blank or nothing on both its sides ends an unquoted value, so that a line can be
 * commented and `The #1 shop` stays whole. A quoted value keeps its outer blanks and any `#`; it
 * has no escapes and holds no `"`. The lines of a section whose header is wrong are still checked
 * when its header tells of what kind it is, and left alone when not.
 *
 * Each line has at most one error. After an error nothing is kept, but all is read.
 */
#include "base/mem.h"
#include "config/config.h"
#include "config/model.h"
#include "config/suggest.h"
#include "config/value.h"

#include <stdarg.h>
#include <stdio.h>

enum { FAULT_BYTES = 64, HINT_BYTES = 192 };

struct parser {
    struct config *config;
    struct section *in;    /* whose lines these are; NULL: nobody can tell */
    struct section astray; /* stands in for a section whose header is wrong */
    size_t line, errors;
    enum status status; /* OK or NO_MEMORY */
    config_complain *complain;
    void *context;
};

enum variant { VARIANT_NONE, VARIANT_CHANNEL, VARIANT_LANGUAGE };

#define IN(level) (1u << (level))

static const struct {
    enum variant variant;
    unsigned levels;
    const char *elsewhere; /* the complaint when it stands in a section not of these levels */
    value_check *check;
} keys[KEY_COUNT] = {
    [KEY_DEFAULT_COUNTRY] = {VARIANT_NONE, IN(LEVEL_FILE),
                             "this setting stands above the first section", check_country},
    [KEY_BASE_URL] = {VARIANT_NONE, IN(LEVEL_FILE), "this setting stands above the first section",
                      check_base_url},
    [KEY_KEEP_ADDRESSES] = {VARIANT_NONE, IN(LEVEL_FILE),
                            "this setting stands above the first section", check_switch},
    [KEY_CONSENT] = {VARIANT_CHANNEL, IN(LEVEL_FILE) | IN(LEVEL_SENDER) | IN(LEVEL_TOPIC), NULL,
                     check_consent},
    [KEY_TITLE] = {VARIANT_LANGUAGE, IN(LEVEL_SENDER) | IN(LEVEL_TOPIC),
                   "this setting stands in the section of a sender or a topic", check_title},
    [KEY_DESCRIPTION] = {VARIANT_LANGUAGE, IN(LEVEL_TOPIC),
                         "this setting stands in the section of a topic", check_description},
    [KEY_FREQUENCY] = {VARIANT_LANGUAGE, IN(LEVEL_TOPIC),
                       "this setting stands in the section of a topic", check_title},
};

static const char *const key_words[KEY_COUNT] = {
    [KEY_DEFAULT_COUNTRY] = "default_country",
    [KEY_BASE_URL] = "base_url",
    [KEY_KEEP_ADDRESSES] = "keep_addresses",
    [KEY_CONSENT] = "consent",
    [KEY_TITLE] = "title",
    [KEY_DESCRIPTION] = "description",
    [KEY_FREQUENCY] = "frequency",
};

static const char *const level_words[LEVEL_COUNT] = {
    [LEVEL_FILE] = "",
    [LEVEL_SENDER] = "sender",
    [LEVEL_TOPIC] = "topic",
};

/* --- complaints ------------------------------------------------------------------------------ */

static void fault(struct parser *p, const char *what, struct span text)
{
    p->errors++;
    if (p->complain)
        p->complain(p->context, p->line, what, text);
}

/* The piece of a line that a complaint shows, cut between two characters. */
static struct span shown(struct span text)
{
    struct span cut = span_cut(text, FAULT_BYTES);
    while (cut.n < text.n && cut.n && ((unsigned char)text.p[cut.n] & 0xc0) == 0x80)
        cut.n--;
    return cut;
}

/* A complaint whose words depend on the file: they stand behind the piece of text. */
PRINTF_LIKE(4, 5)
static void fault_with(struct parser *p, const char *what, struct span text, const char *fmt, ...)
{
    char hint[HINT_BYTES];
    text = shown(text);
    memcpy(hint, text.p, text.n);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(hint + text.n, sizeof hint - text.n, fmt, args);
    va_end(args);
    fault(p, what, span_of(hint));
}

static void fault_unknown(struct parser *p, const char *what, struct span word,
                          const char *const *words, size_t count)
{
    const char *near = nearest_word(word, words, count);
    if (near)
        fault_with(p, what, word, ", did you mean %s?", near);
    else
        fault(p, what, shown(word));
}

/* --- growing --------------------------------------------------------------------------------- */

/* Room for one item more behind the `count` that are there; *items is left as it is when there is
 * none. */
static bool grow(struct parser *p, void **items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room ? *room * 2 : 8;
    void *bigger = mem_resize(*items, more, size);
    if (!bigger) {
        p->status = NO_MEMORY;
        return false;
    }
    *items = bigger;
    *room = more;
    return true;
}

static struct section section_new(enum level level, const struct word *name)
{
    struct section s = {.level = level, .name = *name};
    memcpy(s.text, name->text, name->n);
    return s;
}

/* The sender of that name, made when there is none; NULL after a complaint or without memory. */
static struct section *need_sender(struct parser *p, const struct word *name)
{
    _Static_assert(CONFIG_SENDERS_MAX == 1000, "the sentence below names it");
    struct config *c = p->config;
    struct section *found = find_sender(c, name);
    if (found)
        return found;
    if (c->sender_count == CONFIG_SENDERS_MAX) {
        fault(p, "more than 1000 senders", word_span(name));
        return NULL;
    }
    void *items = c->senders;
    if (!grow(p, &items, c->sender_count, &c->sender_room, sizeof *c->senders))
        return NULL;
    c->senders = items;
    c->senders[c->sender_count] = section_new(LEVEL_SENDER, name);
    return &c->senders[c->sender_count++];
}

static struct section *need_topic(struct parser *p, size_t sender, const struct word *name)
{
    _Static_assert(CONFIG_TOPICS_MAX == 10000, "the sentence below names it");
    struct config *c = p->config;
    struct section *found = find_topic(c, sender, name);
    if (found)
        return found;
    if (c->topic_count == CONFIG_TOPICS_MAX) {
        fault(p, "more than 10000 topics", word_span(name));
        return NULL;
    }
    void *items = c->topics;
    if (!grow(p, &items, c->topic_count, &c->topic_room, sizeof *c->topics))
        return NULL;
    c->topics = items;
    c->topics[c->topic_count] = section_new(LEVEL_TOPIC, name);
    c->topics[c->topic_count].sender = sender;
    return &c->topics[c->topic_count++];
}

/* --- section headers ------------------------------------------------------------------------- */

static bool read_name(struct parser *p, struct span text, struct word *name)
{
    struct refusal why;
    if (text.n == 0)
        fault(p, "a section names its sender or topic, as in [sender acme]", text);
    else if (word_parse(text, name, &why) != OK)
        fault(p, why.what, shown(text));
    else if (name->n == 0)
        fault(p, "a section is for one sender or topic, not for *", text);
    else
        return true;
    return false;
}

static struct section *named_sender(struct parser *p, struct span text)
{
    struct word name;
    return read_name(p, text, &name) ? need_sender(p, &name) : NULL;
}

static struct section *named_topic(struct parser *p, struct span text)
{
    struct word sender_name, name;
    size_t slash = span_find(text, '/');
    if (slash == text.n) {
        fault(p, "a topic is named with its sender, as in [topic acme/news]", shown(text));
        return NULL;
    }
    if (!read_name(p, span_cut(text, slash), &sender_name) ||
        !read_name(p, span_from(text, slash + 1), &name))
        return NULL;
    struct section *sender = need_sender(p, &sender_name);
    return sender ? need_topic(p, (size_t)(sender - p->config->senders), &name) : NULL;
}

/* Makes the section of `level` and that name the one that the next lines belong to. */
static void enter(struct parser *p, enum level level, struct span name)
{
    struct section *s = level == LEVEL_SENDER ? named_sender(p, name) : named_topic(p, name);
    if (s && s->line) {
        fault_with(p, "this section is there twice", name, ", first on line %zu", s->line);
        s = NULL;
    }
    if (!s) {
        p->astray = (struct section){.level = level};
        s = &p->astray;
    }
    s->line = p->line;
    s->first = p->config->entry_count;
    p->in = s;
}

static void read_header(struct parser *p, struct span line)
{
    size_t end = span_find(line, ']');
    struct span behind = span_trim(span_from(line, end + 1));
    struct span inner = span_trim(span_from(span_cut(line, end), 1));
    size_t n = 0;
    while (n < inner.n && !ascii_is_blank(inner.p[n]))
        n++;
    struct span word = span_cut(inner, n), name = span_trim(span_from(inner, n));
    p->in = NULL;
    if (end == line.n) {
        fault(p, "a section header ends with ]", shown(line));
    } else if (behind.n && behind.p[0] != '#') {
        fault(p, "text behind the ] of a section header", shown(behind));
    } else if (span_eq(word, SPAN("sender"))) {
        enter(p, LEVEL_SENDER, name);
    } else if (span_eq(word, SPAN("topic"))) {
        enter(p, LEVEL_TOPIC, name);
    } else {
        fault_unknown(p, "no such section", word, level_words + 1, LEVEL_COUNT - 1);
    }
}

/* --- settings -------------------------------------------------------------------------------- */

/* Where the comment of an unquoted value starts, or its length. */
static size_t find_comment(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '#' && (i == 0 || ascii_is_blank(s.p[i - 1])) &&
            (i + 1 == s.n || ascii_is_blank(s.p[i + 1])))
            return i;
    return s.n;
}

/* The value out of what stands behind the `=`; NULL, or what is wrong with it. */
static const char *cut_value(struct span raw, struct span *value)
{
    *value = span_trim(span_cut(raw, find_comment(raw)));
    if (raw.n && raw.p[0] == '"') {
        *value = span_cut(span_from(raw, 1), span_find(span_from(raw, 1), '"'));
        struct span behind = span_from(raw, value->n + 1);
        if (behind.n == 0)
            return "a quoted value ends with a quote";
        behind = span_trim(span_from(behind, 1));
        if (behind.n && behind.p[0] != '#')
            return "text behind the closing quote";
    }
    if (value->n == 0)
        return "a value is missing";
    return span_find(*value, '\t') < value->n ? "a tab in a value" : NULL;
}

static const char *read_variant(enum variant kind, struct span variant, struct entry *e)
{
    switch (kind) {
    case VARIANT_NONE:
        return "this setting has no variants";
    case VARIANT_CHANNEL:
        if (channel_parse(variant, &e->channel) == OK && e->channel != CHANNEL_ANY)
            return NULL;
        return "the channel is none of email, sms, voice, push, post and ads";
    case VARIANT_LANGUAGE:
        if (language_parse(variant, e->language))
            return NULL;
        return "a language is written as de, pt-BR or zh-Hant-TW";
    }
    bug(__FILE__, __LINE__, "no such variant");
}

/* Fills key, channel and language from `name` or `name.variant`. */
static bool read_key(struct parser *p, struct span name, struct entry *e)
{
    size_t dot = span_find(name, '.');
    struct span word = span_cut(name, dot);
    unsigned k = 0;
    while (k < KEY_COUNT && !span_eq(word, span_of(key_words[k])))
        k++;
    if (k == KEY_COUNT) {
        fault_unknown(p, "no such setting", word, key_words, KEY_COUNT);
        return false;
    }
    e->key = (enum key)k;
    const char *wrong = NULL;
    if (!(keys[k].levels & IN(p->in->level)))
        wrong = keys[k].elsewhere;
    else if (dot < name.n)
        wrong = read_variant(keys[k].variant, span_from(name, dot + 1), e);
    if (wrong)
        fault(p, wrong, shown(name));
    return !wrong;
}

static const struct entry *find_same(const struct parser *p, const struct entry *e)
{
    for (size_t i = p->in->first; i < p->config->entry_count; i++) {
        const struct entry *other = &p->config->entries[i];
        if (other->key == e->key && other->channel == e->channel &&
            strcmp(other->language, e->language) == 0)
            return other;
    }
    return NULL;
}

static void keep(struct parser *p, const struct entry *e)
{
    struct config *c = p->config;
    void *items = c->entries;
    if (!grow(p, &items, c->entry_count, &c->entry_room, sizeof *c->entries))
        return;
    c->entries = items;
    c->entries[c->entry_count++] = *e;
    p->in->count++;
}

static void read_setting(struct parser *p, struct span line)
{
    _Static_assert(CONFIG_SECTION_ENTRIES_MAX == 500, "the sentence below names it");
    struct entry e = {.line = p->line};
    size_t equals = span_find(line, '=');
    struct span value, name = span_trim(span_cut(line, equals));
    if (equals == line.n) {
        fault(p, "neither `name = value` nor [section] nor # comment", shown(line));
        return;
    }
    if (!read_key(p, name, &e))
        return;
    const struct entry *same = find_same(p, &e);
    const char *wrong = cut_value(span_trim(span_from(line, equals + 1)), &value);
    if (same) {
        fault_with(p, "this setting is there twice", name, ", first on line %zu", same->line);
    } else if (p->in->count == CONFIG_SECTION_ENTRIES_MAX) {
        fault(p, "more than 500 settings in one section", shown(name));
    } else if (wrong) {
        fault(p, wrong, shown(name));
    } else {
        /* The copy of the file is ours to cut, and ends with a zero behind its last line. */
        char *text = p->config->text + (value.p - p->config->text);
        text[value.n] = '\0';
        wrong = keys[e.key].check(text);
        e.value = text;
        e.yes = value_is_yes(text);
        if (wrong)
            fault(p, wrong, shown(value));
        keep(p, &e);
    }
}

/* --- lines ----------------------------------------------------------------------------------- */

static bool has_control_but_tab(struct span s)
{
    for (size_t tab; (tab = span_find(s, '\t')) < s.n; s = span_from(s, tab + 1))
        if (has_control(span_cut(s, tab)))
            return true;
    return has_control(s);
}

static void read_line(struct parser *p, struct span line)
{
    _Static_assert(CONFIG_LINE_MAX == 4096, "the sentence below names it");
    struct span text = span_trim(line);
    if (line.n > CONFIG_LINE_MAX)
        fault(p, "a line is longer than 4096 bytes", (struct span){"", 0});
    else if (!utf8_valid(line))
        fault(p, "a line is not UTF-8", (struct span){"", 0});
    else if (text.n == 0 || text.p[0] == '#')
        return;
    else if (has_control_but_tab(text))
        fault(p, "a control character", (struct span){"", 0});
    else if (text.p[0] == '[')
        read_header(p, text);
    else if (p->in)
        read_setting(p, text);
}

static void read_lines(struct parser *p, struct span text)
{
    while (text.n && p->status == OK) {
        size_t end = span_find(text, '\n');
        p->line++;
        if (p->errors == CONFIG_ERRORS_MAX) {
            fault(p, "too many errors, the rest is not looked at", (struct span){"", 0});
            return;
        }
        read_line(p, span_cut(text, end));
        text = span_from(text, end + 1);
    }
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Puts the topics of a sender next to each other, in file order within it. */
static enum status group_topics(struct config *c)
{
    if (c->topic_count == 0)
        return OK;
    struct section *grouped = mem_new(c->topic_count, sizeof *grouped);
    if (!grouped)
        return NO_MEMORY;
    for (size_t i = 0; i < c->topic_count; i++)
        c->senders[c->topics[i].sender].topic_count++;
    for (size_t i = 1; i < c->sender_count; i++)
        c->senders[i].first_topic = c->senders[i - 1].first_topic + c->senders[i - 1].topic_count;
    for (size_t i = 0; i < c->sender_count; i++)
        c->senders[i].topic_count = 0;
    for (size_t i = 0; i < c->topic_count; i++) {
        struct section *sender = &c->senders[c->topics[i].sender];
        grouped[sender->first_topic + sender->topic_count++] = c->topics[i];
    }
    mem_free(c->topics);
    c->topics = grouped;
    return OK;
}

static struct config *config_new(struct span text)
{
    struct config *c = mem_new(1, sizeof *c);
    if (!c)
        return NULL;
    c->text = mem_new(text.n + 1, 1);
    if (!c->text) {
        config_free(c);
        return NULL;
    }
    if (text.n)
        memcpy(c->text, text.p, text.n);
    return c;
}

enum status config_parse(struct span text, struct config **out, config_complain *complain,
                         void *context)
{
    _Static_assert(CONFIG_BYTES_MAX == 1 << 20, "the sentence below names it");
    struct parser p = {.line = 1, .complain = complain, .context = context};
    if (text.n > CONFIG_BYTES_MAX) {
        fault(&p, "the file is larger than 1 MiB", (struct span){"", 0});
        return REFUSED;
    }
    if (span_starts(text, SPAN("\xef\xbb\xbf"))) /* a byte order mark */
        text = span_from(text, 3);
    p.config = config_new(text);
    if (!p.config)
        return NO_MEMORY;
    p.line = 0;
    p.in = &p.config->file;
    read_lines(&p, (struct span){p.config->text, text.n});
    enum status s = p.status != OK ? p.status : p.errors ? REFUSED : group_topics(p.config);
    if (s == OK)
        *out = p.config;
    else
        config_free(p.config);
    return s;
}
