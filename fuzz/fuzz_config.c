/* fuzz/fuzz_config.c: any bytes as optout.conf.
 *
 * Holds: a file is refused exactly when something was complained about; complaints come in line
 * order, with a bound, and show no control character; what an accepted file answers is text that
 * can stand in a header; and neither a byte order mark nor the line ends of another system change
 * whether a file is accepted.
 */
#include "base/mem.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COMPLAINTS_MAX = 101, INPUT_MAX = 1 << 16 };

struct complaints {
    size_t count, line;
};

/* UTF-8 without the control characters that would split a line or steer a terminal. */
static bool is_clean(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return utf8_valid(s);
}

static void note(void *context, size_t line, const char *what, struct span text)
{
    struct complaints *c = context;
    INVARIANT(line > c->line && what && *what);
    struct span rest = text; /* a tab may stand around a `=` and so in what is shown */
    for (size_t tab; (tab = span_find(rest, '\t')) < rest.n; rest = span_from(rest, tab + 1))
        INVARIANT(is_clean(span_cut(rest, tab)));
    INVARIANT(is_clean(rest));
    c->line = line;
    c->count++;
}

static void check_text(const char *text, size_t max)
{
    INVARIANT(text && strlen(text) <= max && is_clean(span_of(text)));
}

static void check_topics(const struct config *c, size_t sender)
{
    for (size_t t = 0; t < config_topic_count(c, sender); t++) {
        struct scope q = {CHANNEL_SMS, *config_sender_name(c, sender),
                          *config_topic_name(c, sender, t)};
        INVARIANT(q.topic.n > 0);
        (void)config_consent_required(c, &q);
        check_text(config_topic_title(c, sender, t, "pt-BR"), 200);
        check_text(config_topic_description(c, sender, t, "de"), 1000);
        check_text(config_topic_frequency(c, sender, t, ""), 200);
        INVARIANT(*config_topic_title(c, sender, t, NULL) != '\0');
    }
}

static void check_answers(const struct config *c)
{
    const char *url = config_base_url(c), *country = config_default_country(c);
    check_text(url, 200);
    INVARIANT(*url == '\0' || strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
    INVARIANT(!strpbrk(url, "?#@<>\"\\ ") && (*url == '\0' || url[strlen(url) - 1] != '/'));
    INVARIANT(strlen(country) == 0 || strlen(country) == 2);
    INVARIANT(config_sender_count(c) <= CONFIG_SENDERS_MAX);
    for (size_t s = 0; s < config_sender_count(c); s++) {
        INVARIANT(config_sender_name(c, s)->n > 0);
        check_text(config_sender_title(c, s, "zh-Hant-TW"), 200);
        check_topics(c, s);
    }
}

static enum status parse(struct span text)
{
    struct config *c = NULL;
    struct complaints said = {0};
    enum status s = config_parse(text, &c, note, &said);
    INVARIANT(s == OK || s == REFUSED);
    INVARIANT((s == OK) == (c != NULL) && (s == OK) == (said.count == 0));
    INVARIANT(said.count <= COMPLAINTS_MAX);
    if (c)
        check_answers(c);
    config_free(c);
    return s;
}

/* The text with a byte order mark and CR LF at the end of its lines. */
static void rewrite(struct span text, struct buf *out)
{
    (void)buf_add_text(out, "\xef\xbb\xbf");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            (void)buf_add_char(out, '\r');
        (void)buf_add_char(out, text.p[i]);
    }
    INVARIANT(buf_status(out) == OK);
}

static bool has_long_line(struct span text)
{
    for (size_t end; (end = span_find(text, '\n')) < text.n; text = span_from(text, end + 1))
        if (end >= 4096)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    enum status s = parse(text);
    /* A second mark is no mark, and a CR more may make a line too long. */
    if (size > INPUT_MAX || span_starts(text, SPAN("\xef\xbb\xbf")) || has_long_line(text))
        return 0;
    struct buf other = BUF_INIT(2 * INPUT_MAX + 3);
    rewrite(text, &other);
    INVARIANT(parse(buf_span(&other)) == s);
    buf_free(&other);
    return 0;
}
