/* test/unit/test_config.c: what the operator gets for what stands in optout.conf. */
#include "base/file.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Every complaint of a parse as `LINE: WHAT: TEXT`, a line each. */
struct complaints {
    char text[32768];
    size_t n, count;
};

static void note(void *context, size_t line, const char *what, struct span text)
{
    struct complaints *c = context;
    int n = snprintf(c->text + c->n, sizeof c->text - c->n, "%zu: %s: %.*s\n", line, what,
                     SPAN_ARG(text));
    assert_true(n > 0 && (size_t)n < sizeof c->text - c->n);
    c->n += (size_t)n;
    c->count++;
}

static struct config *accept_span(struct span text)
{
    struct complaints said = {.n = 0};
    struct config *c = NULL;
    enum status s = config_parse(text, &c, note, &said);
    assert_string_equal(said.text, "");
    assert_int_equal(s, OK);
    assert_non_null(c);
    return c;
}

static struct config *accept(const char *text)
{
    return accept_span(span_of(text));
}

static void refused_span(struct span text, const char *complaints)
{
    struct complaints said = {.n = 0};
    struct config *c = NULL;
    assert_int_equal(config_parse(text, &c, note, &said), REFUSED);
    assert_string_equal(said.text, complaints);
    assert_null(c);
}

static void refused(const char *text, const char *complaints)
{
    refused_span(span_of(text), complaints);
}

static bool requires_consent(const struct config *c, const char *scope)
{
    struct scope question;
    assert_int_equal(scope_parse(span_of(scope), &question, NULL), OK);
    return config_consent_required(c, &question);
}

/* --- the file as such ------------------------------------------------------------------------ */

static void empty_file_has_the_defaults(void **state)
{
    (void)state;
    struct config *c = accept("");
    assert_string_equal(config_default_country(c), "");
    assert_string_equal(config_base_url(c), "");
    assert_true(config_keep_addresses(c));
    assert_int_equal(config_sender_count(c), 0);
    assert_false(requires_consent(c, "email:acme/news"));
    config_free(c);
}

static void free_takes_null(void **state)
{
    (void)state;
    config_free(NULL);
}

static void comments_and_blank_lines_say_nothing(void **state)
{
    (void)state;
    struct config *c = accept("# a comment\n\n   \t \n  # one more = with a sign\n");
    assert_string_equal(config_default_country(c), "");
    config_free(c);
}

static void last_line_needs_no_end(void **state)
{
    (void)state;
    struct config *c = accept("default_country = DE");
    assert_string_equal(config_default_country(c), "DE");
    config_free(c);
}

static void windows_files_are_read(void **state)
{
    (void)state;
    struct config *c = accept("\xef\xbb\xbf"
                              "default_country = at\r\n\r\n[sender acme]\r\ntitle = A\r\n");
    assert_string_equal(config_default_country(c), "AT");
    assert_string_equal(config_sender_title(c, 0, "en"), "A");
    config_free(c);
}

static void the_text_may_go_after_parsing(void **state)
{
    (void)state;
    char text[] = "base_url = https://opt.example.com\n";
    struct config *c = accept(text);
    memset(text, 'x', sizeof text - 1);
    assert_string_equal(config_base_url(c), "https://opt.example.com");
    config_free(c);
}

static void every_error_is_told_in_line_order(void **state)
{
    (void)state;
    refused("default_country = USA\n"
            "# fine\n"
            "base_url = ftp://opt.example.com\n"
            "[sender acme]\n"
            "consent = maybe\n"
            "[topic news]\n",
            "1: a country is two letters, as US (ISO 3166): USA\n"
            "3: a base URL starts with https://: ftp://opt.example.com\n"
            "5: consent is opt-in or opt-out: maybe\n"
            "6: a topic is named with its sender, as in [topic acme/news]: news\n");
}

static void a_wrong_file_needs_no_listener(void **state)
{
    (void)state;
    struct config *c = NULL;
    assert_int_equal(config_parse(SPAN("nonsense"), &c, NULL, NULL), REFUSED);
    assert_null(c);
}

static void errors_stop_at_a_hundred(void **state)
{
    (void)state;
    static char text[5 * 150 + 1];
    for (size_t i = 0; i < 150; i++)
        memcpy(text + 5 * i, "oops\n", 5);
    struct complaints said = {.n = 0};
    struct config *c = NULL;
    assert_int_equal(config_parse(span_of(text), &c, note, &said), REFUSED);
    assert_int_equal(said.count, 101);
    assert_non_null(strstr(said.text, "\n101: too many errors, the rest is not looked at: \n"));
}

static void a_file_of_the_largest_size_is_read(void **state)
{
    (void)state;
    static char text[CONFIG_BYTES_MAX + 1];
    memset(text, '\n', sizeof text);
    config_free(accept_span((struct span){text, CONFIG_BYTES_MAX}));
    refused_span((struct span){text, sizeof text}, "1: the file is larger than 1 MiB: \n");
}

static void long_lines_are_refused(void **state)
{
    (void)state;
    static char text[4096 + 2];
    memset(text, ' ', sizeof text);
    text[4096] = '\n';
    config_free(accept_span((struct span){text, 4097}));
    text[4096] = ' ';
    refused_span((struct span){text, 4097}, "1: a line is longer than 4096 bytes: \n");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    const struct {
        struct span text;
        const char *complaint;
    } cases[] = {
        {SPAN("[sender a]\ntitle = caf\xe9\n"), "2: a line is not UTF-8: \n"},
        {SPAN("# caf\xe9\n"), "1: a line is not UTF-8: \n"},
        {SPAN("[sender a]\ntitle = a\0b\n"), "2: a control character: \n"},
        {SPAN("[sender a]\ntitle = a\rbcc: b\n"), "2: a control character: \n"},
        {SPAN("[sender a]\ntitle = a\x1b[31m\n"), "2: a control character: \n"},
        {SPAN("[sender a]\ntitle = a\x7f.\n"), "2: a control character: \n"},
        {SPAN("[sender a]\ntitle = a\xc2\x85.\n"), "2: a control character: \n"},
        {SPAN("[sender a]\ntitle = a\xe2\x80\xa8.\n"), "2: a control character: \n"},
        {SPAN("[sender a]\ntitle = a\tb\n"), "2: a tab in a value: title\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused_span(cases[i].text, cases[i].complaint);
}

/* --- values ---------------------------------------------------------------------------------- */

static void values_are_cut_out_of_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *line, *value;
    } cases[] = {
        {"title = Acme", "Acme"},
        {"title=Acme", "Acme"},
        {"\t title \t=\t Acme  ", "Acme"},
        {"title = Acme # the shop", "Acme"},
        {"title = Acme #", "Acme"},
        {"title = The #1 shop", "The #1 shop"},
        {"title = #1", "#1"},
        {"title = C# for all", "C# for all"},
        {"title = \"  Acme \"", "  Acme "},
        {"title = \"a # b\" # c", "a # b"},
        {"title = Acme \"the shop\"", "Acme \"the shop\""},
        {"title = a = b", "a = b"},
        {"title = Grüße, 東京", "Grüße, 東京"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "[sender acme]\n%s\n", cases[i].line);
        struct config *c = accept(text);
        assert_string_equal(config_sender_title(c, 0, ""), cases[i].value);
        config_free(c);
    }
}

static void values_that_cannot_be_cut_are_refused(void **state)
{
    (void)state;
    refused("[sender a]\ntitle =\n", "2: a value is missing: title\n");
    refused("[sender a]\ntitle = # nothing\n", "2: a value is missing: title\n");
    refused("[sender a]\ntitle = \"\"\n", "2: a value is missing: title\n");
    refused("[sender a]\ntitle = \"open\n", "2: a quoted value ends with a quote: title\n");
    refused("[sender a]\ntitle = \"\n", "2: a quoted value ends with a quote: title\n");
    refused("[sender a]\ntitle = \"a\" b\n", "2: text behind the closing quote: title\n");
    refused("[sender a]\ntitle\n",
            "2: neither `name = value` nor [section] nor # comment: title\n");
}

static void texts_have_a_longest_length(void **state)
{
    (void)state;
    static char text[2048], longest[1002];
    memset(longest, 'x', 1001);
    (void)snprintf(text, sizeof text, "[topic a/b]\ntitle=%.200s\ndescription=%.1000s\n", longest,
                   longest);
    struct config *c = accept(text);
    assert_int_equal(strlen(config_topic_title(c, 0, 0, "")), 200);
    assert_int_equal(strlen(config_topic_description(c, 0, 0, "")), 1000);
    config_free(c);

    struct complaints said = {.n = 0};
    (void)snprintf(text, sizeof text, "[topic a/b]\ntitle=%.201s\ndescription=%.1001s\n", longest,
                   longest);
    assert_int_equal(config_parse(span_of(text), &c, note, &said), REFUSED);
    assert_non_null(strstr(said.text, "2: the text is longer than 200 bytes: x"));
    assert_non_null(strstr(said.text, "3: the text is longer than 1000 bytes: x"));
}

static void countries_are_two_letters(void **state)
{
    (void)state;
    struct config *c = accept("default_country = gB\n");
    assert_string_equal(config_default_country(c), "GB");
    config_free(c);
    static const char *const wrong[] = {"U", "USA", "U1", "--", "é"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64], complaint[128];
        (void)snprintf(text, sizeof text, "default_country = %s\n", wrong[i]);
        (void)snprintf(complaint, sizeof complaint,
                       "1: a country is two letters, as US (ISO 3166): %s\n", wrong[i]);
        refused(text, complaint);
    }
}

static void switches_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool yes;
    } cases[] = {{"yes", true}, {"true", true},   {"on", true},   {"ON", true},
                 {"no", false}, {"false", false}, {"off", false}, {"No", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "keep_addresses = %s\n", cases[i].word);
        struct config *c = accept(text);
        assert_int_equal(config_keep_addresses(c), cases[i].yes);
        config_free(c);
    }
    refused("keep_addresses = 1\n", "1: this is yes or no: 1\n");
}

static void base_urls_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *written, *read;
    } cases[] = {
        {"https://opt.example.com", "https://opt.example.com"},
        {"https://opt.example.com/", "https://opt.example.com"},
        {"https://opt.example.com//", "https://opt.example.com"},
        {"https://opt.example.com/Stop/", "https://opt.example.com/Stop"},
        {"HTTPS://Opt.Example.COM/Stop", "https://opt.example.com/Stop"},
        {"https://opt.example.com:8443/a%20b", "https://opt.example.com:8443/a%20b"},
        {"https://192.0.2.1", "https://192.0.2.1"},
        {"https://[2001:DB8::1]:444/", "https://[2001:db8::1]:444"},
        {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"http://[::1]:8080/", "http://[::1]:8080"},
        {"http://localhost", "http://localhost"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "base_url = %s\n", cases[i].written);
        struct config *c = accept(text);
        assert_string_equal(config_base_url(c), cases[i].read);
        config_free(c);
    }
}

static void base_urls_that_mislead_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url, *what;
    } cases[] = {
        {"opt.example.com", "a base URL starts with https://"},
        {"javascript:alert(1)", "a base URL starts with https://"},
        {"http://opt.example.com",
         "http:// is for 127.0.0.1, [::1] and localhost only; write https://"},
        {"http://localhost.example.com",
         "http:// is for 127.0.0.1, [::1] and localhost only; write https://"},
        {"http://127.0.0.1.example.com",
         "http:// is for 127.0.0.1, [::1] and localhost only; write https://"},
        {"http://127.0.0.1@example.com", "a base URL has no user name"},
        {"https://jane:secret@opt.example.com", "a base URL has no user name"},
        {"https://opt.example.com/?a=b", "a base URL has neither query nor fragment"},
        {"https://opt.example.com/#top", "a base URL has neither query nor fragment"},
        {"https://", "a base URL has a host name or an IP address after its //"},
        {"https:///stop", "a base URL has a host name or an IP address after its //"},
        {"https://-a.example", "a base URL has a host name or an IP address after its //"},
        {"https://a-.example", "a base URL has a host name or an IP address after its //"},
        {"https://a..example", "a base URL has a host name or an IP address after its //"},
        {"https://a.example.", "a base URL has a host name or an IP address after its //"},
        {"https://[::1", "a base URL has a host name or an IP address after its //"},
        {"https://[1.2.3.4]", "a base URL has a host name or an IP address after its //"},
        {"https://opt.example.com:", "the port is not a number from 1 to 65535"},
        {"https://opt.example.com:0", "the port is not a number from 1 to 65535"},
        {"https://opt.example.com:65536", "the port is not a number from 1 to 65535"},
        {"https://[::1]8080", "the port is not a number from 1 to 65535"},
        {"https://opt.example.com/a b", "a character that no URL may have"},
        {"https://opt.example.com/>,<x", "a character that no URL may have"},
        {"https://opt.example.com\\x", "a character that no URL may have"},
        {"https://opt.example.com/%4", "a '%' without two hex digits behind it"},
        {"https://bücher.example", "a base URL is plain ASCII; write the host in its xn-- form"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128], complaint[256];
        (void)snprintf(text, sizeof text, "base_url = %s\n", cases[i].url);
        (void)snprintf(complaint, sizeof complaint, "1: %s: %s\n", cases[i].what, cases[i].url);
        refused(text, complaint);
    }
}

static void base_urls_have_a_longest_length(void **state)
{
    (void)state;
    char text[256] = "base_url = https://opt.example.com/";
    size_t path = strlen(text), head = strlen("base_url = ");
    memset(text + path, 'x', head + 200 - path);
    struct config *c = accept(text);
    assert_int_equal(strlen(config_base_url(c)), 200);
    config_free(c);
    text[head + 200] = 'x';
    assert_int_equal(config_parse(span_of(text), &c, NULL, NULL), REFUSED);
}

/* --- names ----------------------------------------------------------------------------------- */

static void unknown_settings_name_their_neighbour(void **state)
{
    (void)state;
    static const struct {
        const char *name, *told;
    } cases[] = {
        {"defalt_country", "defalt_country, did you mean default_country?"},
        {"base-url", "base-url, did you mean base_url?"},
        {"Consent", "Consent, did you mean consent?"},
        {"tilte", "tilte, did you mean title?"},
        {"titel.de", "titel, did you mean title?"},
        {"discription", "discription, did you mean description?"},
        {"colour", "colour"},
        {"", ""},
        {"a_name_that_is_longer_than_any_that_we_have",
         "a_name_that_is_longer_than_any_that_we_have"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128], complaint[256];
        (void)snprintf(text, sizeof text, "%s = x\n", cases[i].name);
        (void)snprintf(complaint, sizeof complaint, "1: no such setting: %s\n", cases[i].told);
        refused(text, complaint);
    }
}

static void settings_stand_in_their_section(void **state)
{
    (void)state;
    refused("title = x\n", "1: this setting stands in the section of a sender or a topic: title\n");
    refused("[sender a]\nbase_url = x\n",
            "2: this setting stands above the first section: base_url\n");
    refused("[sender a]\nfrequency = x\n",
            "2: this setting stands in the section of a topic: frequency\n");
}

static void variants_fit_their_setting(void **state)
{
    (void)state;
    refused("base_url.de = x\n", "1: this setting has no variants: base_url.de\n");
    refused("consent.de = opt-in\n",
            "1: the channel is none of email, sms, voice, push, post and ads: consent.de\n");
    refused("consent.* = opt-in\n",
            "1: the channel is none of email, sms, voice, push, post and ads: consent.*\n");
    refused("consent. = opt-in\n",
            "1: the channel is none of email, sms, voice, push, post and ads: consent.\n");
}

static void language_tags_have_a_shape(void **state)
{
    (void)state;
    static const char *const good[] = {"de",    "DE",      "gsw",        "pt-BR",
                                       "zh_CN", "zh-Hant", "zh_hant-tw", "es-419"};
    static const char *const bad[] = {
        "",     "d",      "deut",     "de-",          "-de",     "de--AT", "de-AUT",
        "de-1", "zh-Han", "zh-Hant-", "zh-Hant-Hans", "pt-BR-x", "d3",     "a-b-c-d-e-f-g-h-i-j"};
    char text[64], complaint[128];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        (void)snprintf(text, sizeof text, "[sender a]\ntitle.%s = x\n", good[i]);
        config_free(accept(text));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(text, sizeof text, "[sender a]\ntitle.%s = x\n", bad[i]);
        (void)snprintf(complaint, sizeof complaint,
                       "2: a language is written as de, pt-BR or zh-Hant-TW: title.%s\n", bad[i]);
        refused(text, complaint);
    }
}

static void a_setting_stands_once_in_a_section(void **state)
{
    (void)state;
    refused("consent = opt-in\n\nconsent = opt-in\n",
            "3: this setting is there twice: consent, first on line 1\n");
    refused("consent.sms = opt-in\nconsent.SMS = opt-out\n",
            "2: this setting is there twice: consent.SMS, first on line 1\n");
    refused("[sender a]\ntitle.pt-BR = x\ntitle.pt_br = y\n",
            "3: this setting is there twice: title.pt_br, first on line 2\n");
    config_free(accept("consent = opt-in\nconsent.sms = opt-in\n"
                       "[sender a]\nconsent = opt-in\ntitle = x\ntitle.pt = y\ntitle.pt-BR = z\n"
                       "[sender b]\ntitle = x\n"));
}

static void a_section_has_a_highest_number_of_settings(void **state)
{
    (void)state;
    static char text[16384];
    size_t n = (size_t)snprintf(text, sizeof text, "[sender a]\n");
    for (size_t i = 0; i < 500; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "title.%c%c-%03zu = x\n",
                              (char)('a' + i % 26), (char)('a' + i / 26), i);
    config_free(accept(text));
    (void)snprintf(text + n, sizeof text - n, "title = x\n");
    refused(text, "502: more than 500 settings in one section: title\n");
}

/* --- sections -------------------------------------------------------------------------------- */

static void section_headers_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *header, *complaint;
    } cases[] = {
        {"[sendr acme]", "no such section: sendr, did you mean sender?"},
        {"[Topic acme/news]", "no such section: Topic, did you mean topic?"},
        {"[database]", "no such section: database"},
        {"[]", "no such section: "},
        {"[sender acme", "a section header ends with ]: [sender acme"},
        {"[sender acme] title = x", "text behind the ] of a section header: title = x"},
        {"[sender]", "a section names its sender or topic, as in [sender acme]: "},
        {"[sender *]", "a section is for one sender or topic, not for *: *"},
        {"[topic acme/*]", "a section is for one sender or topic, not for *: *"},
        {"[topic acme]", "a topic is named with its sender, as in [topic acme/news]: acme"},
        {"[topic /news]", "a section names its sender or topic, as in [sender acme]: "},
        {"[topic acme/a/b]",
         "a sender or topic has letters a-z, digits, '.', '_' and '-' only: a/b"},
        {"[sender acme shop]",
         "a sender or topic has letters a-z, digits, '.', '_' and '-' only: acme shop"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char complaint[256];
        (void)snprintf(complaint, sizeof complaint, "1: %s\n", cases[i].complaint);
        refused(cases[i].header, complaint);
    }
}

static void headers_may_have_blanks_case_and_comment(void **state)
{
    (void)state;
    struct config *c = accept("  [ sender   ACME ]  # ours\n");
    assert_string_equal(config_sender_title(c, 0, ""), "acme");
    config_free(c);
}

static void a_section_stands_once(void **state)
{
    (void)state;
    refused("[sender acme]\n[sender b]\n[sender ACME]\n",
            "3: this section is there twice: ACME, first on line 1\n");
    refused("[topic a/b]\n[topic a/c]\n[topic a/b]\n",
            "3: this section is there twice: a/b, first on line 1\n");
}

static void lines_under_a_wrong_header_are_checked_when_its_kind_is_known(void **state)
{
    (void)state;
    refused("[sender a b]\ntitel = x\n",
            "1: a sender or topic has letters a-z, digits, '.', '_' and '-' only: a b\n"
            "2: no such setting: titel, did you mean title?\n");
    refused("[sendr a]\ntitel = x\n", "1: no such section: sendr, did you mean sender?\n");
    refused("[sender a]\ntitle = x\n[sender a]\ntitle = y\n",
            "3: this section is there twice: a, first on line 1\n");
}

static void a_topic_makes_its_sender(void **state)
{
    (void)state;
    struct config *c = accept("[topic acme/news]\n[sender acme]\ntitle = Acme\n");
    assert_int_equal(config_sender_count(c), 1);
    assert_string_equal(config_sender_title(c, 0, ""), "Acme");
    assert_int_equal(config_topic_count(c, 0), 1);
    config_free(c);
    c = accept("[topic acme/news]\n");
    assert_string_equal(config_sender_title(c, 0, ""), "acme");
    assert_true(span_eq(word_span(config_sender_name(c, 0)), SPAN("acme")));
    config_free(c);
}

static void topics_come_by_sender_in_file_order(void **state)
{
    (void)state;
    struct config *c = accept("[sender x]\n[topic b/3]\ntitle = three\n[topic a/2]\n[topic b/1]\n"
                              "title = one\n[topic a/9]\n");
    static const char *const expected[][3] = {{"x"}, {"b", "three", "one"}, {"a", "2", "9"}};
    static const size_t topics[] = {0, 2, 2};
    assert_int_equal(config_sender_count(c), 3);
    for (size_t s = 0; s < 3; s++) {
        assert_string_equal(config_sender_title(c, s, ""), expected[s][0]);
        assert_int_equal(config_topic_count(c, s), topics[s]);
        for (size_t t = 0; t < topics[s]; t++)
            assert_string_equal(config_topic_title(c, s, t, ""), expected[s][t + 1]);
    }
    assert_true(span_eq(word_span(config_topic_name(c, 1, 1)), SPAN("1")));
    config_free(c);
}

static void the_longest_name_is_a_title(void **state)
{
    (void)state;
    char text[128], name[65] = "";
    memset(name, 'n', 64);
    (void)snprintf(text, sizeof text, "[sender %s]\n", name);
    struct config *c = accept(text);
    assert_string_equal(config_sender_title(c, 0, NULL), name);
    config_free(c);
}

/* `count` headers `[KIND PREFIXn]`. */
static char *headers(const char *kind, size_t count)
{
    static char text[CONFIG_BYTES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "[%s%zu]\n", kind, i);
    return text;
}

static void senders_and_topics_have_a_highest_number(void **state)
{
    (void)state;
    struct config *c = accept(headers("sender s", CONFIG_SENDERS_MAX));
    assert_int_equal(config_sender_count(c), CONFIG_SENDERS_MAX);
    config_free(c);
    refused(headers("sender s", CONFIG_SENDERS_MAX + 1), "1001: more than 1000 senders: s1000\n");
    c = accept(headers("topic a/t", CONFIG_TOPICS_MAX));
    assert_int_equal(config_topic_count(c, 0), CONFIG_TOPICS_MAX);
    config_free(c);
    refused(headers("topic a/t", CONFIG_TOPICS_MAX + 1), "10001: more than 10000 topics: t10000\n");
}

/* --- what is asked of it --------------------------------------------------------------------- */

static void titles_fall_back_by_language(void **state)
{
    (void)state;
    struct config *c = accept("[sender acme]\ntitle = plain\ntitle.pt = portuguese\n"
                              "title.pt_BR = brazilian\ntitle.zh-Hant = traditional\n"
                              "[sender bare]\ntitle.de = deutsch\n");
    static const struct {
        const char *language, *title;
    } cases[] = {
        {"pt-BR", "brazilian"},
        {"PT_br", "brazilian"},
        {"pt", "portuguese"},
        {"pt-PT", "portuguese"},
        {"zh-Hant-TW", "traditional"},
        {"zh-CN", "plain"},
        {"p", "plain"},
        {"", "plain"},
        {"-", "plain"},
        {NULL, "plain"},
        {"pt-BR-x-very-long-tag-that-goes-on-and-on", "brazilian"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(config_sender_title(c, 0, cases[i].language), cases[i].title);
    assert_string_equal(config_sender_title(c, 1, "de-AT"), "deutsch");
    assert_string_equal(config_sender_title(c, 1, "fr"), "bare");
    config_free(c);
}

static void topics_have_texts(void **state)
{
    (void)state;
    struct config *c = accept("[topic acme/news]\ndescription = d\ndescription.de = dd\n"
                              "frequency.de = ff\n");
    assert_string_equal(config_topic_title(c, 0, 0, "de"), "news");
    assert_string_equal(config_topic_description(c, 0, 0, "de"), "dd");
    assert_string_equal(config_topic_description(c, 0, 0, "fr"), "d");
    assert_string_equal(config_topic_frequency(c, 0, 0, "de"), "ff");
    assert_string_equal(config_topic_frequency(c, 0, 0, "fr"), "");
    config_free(c);
}

static void consent_goes_from_topic_to_sender_to_file(void **state)
{
    (void)state;
    struct config *c = accept("consent = opt-in\nconsent.post = opt-out\n"
                              "[sender acme]\nconsent = opt-out\nconsent.sms = opt-in\n"
                              "[sender quiet]\ntitle = says nothing\n"
                              "[topic acme/news]\nconsent = opt-in\nconsent.sms = opt-out\n"
                              "[topic acme/plain]\n");
    static const struct {
        const char *scope;
        bool required;
    } cases[] = {
        {"email:acme/news", true},    /* the topic's general word */
        {"sms:acme/news", false},     /* the topic's word for the channel */
        {"post:acme/news", true},     /* the topic before the file's word for the channel */
        {"email:acme/plain", false},  /* the topic is silent: the sender */
        {"sms:acme/plain", true},     /* the sender's word for the channel */
        {"sms:acme/unknown", true},   /* a topic without a section */
        {"email:quiet/news", true},   /* the sender is silent: the file */
        {"post:quiet/news", false},   /* the file's word for the channel */
        {"email:unknown/news", true}, /* a sender without a section */
        {"*:acme/news", true},        /* `*` asks for the general words */
        {"*:acme/*", false},          {"email:*/news", true}, {"*:*/*", true}, {"post:*/*", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(requires_consent(c, cases[i].scope), cases[i].required);
    config_free(c);
}

static void no_memory_is_an_answer(void **state)
{
    (void)state;
    const struct span text = SPAN("consent = opt-in\n[sender a]\ntitle = b\n[topic a/b]\n");
    enum status s = NO_MEMORY;
    size_t failures = 0;
    for (uint64_t k = 1; s != OK && k < 100; k++) {
        struct config *c = NULL;
        mem_fail_at(k, 0);
        s = config_parse(text, &c, NULL, NULL);
        mem_fail_at(0, 0);
        assert_true(s == OK || s == NO_MEMORY);
        assert_true((s == OK) == (c != NULL));
        failures += s != OK;
        config_free(c);
    }
    assert_int_equal(s, OK);
    assert_int_equal(failures, 6); /* configuration, text, entries, senders, topics, grouping */
}

static void the_shipped_example_is_right(void **state)
{
    (void)state;
    const char *root = getenv("SOURCE_ROOT");
    if (!root)
        skip();
    char path[PATH_BYTES];
    struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
    assert_int_equal(path_join(path, root, "contrib/optout.conf"), OK);
    assert_int_equal(file_read(path, &text, NULL), OK);
    struct config *c = accept_span(buf_span(&text));
    assert_string_equal(config_base_url(c), "https://opt.example.com");
    assert_string_equal(config_topic_description(c, 0, 0, "en"), "What is new in the shop");
    assert_true(requires_consent(c, "email:acme/news"));
    assert_false(requires_consent(c, "email:acme/receipts"));
    config_free(c);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_file_has_the_defaults),
        cmocka_unit_test(free_takes_null),
        cmocka_unit_test(comments_and_blank_lines_say_nothing),
        cmocka_unit_test(last_line_needs_no_end),
        cmocka_unit_test(windows_files_are_read),
        cmocka_unit_test(the_text_may_go_after_parsing),
        cmocka_unit_test(every_error_is_told_in_line_order),
        cmocka_unit_test(a_wrong_file_needs_no_listener),
        cmocka_unit_test(errors_stop_at_a_hundred),
        cmocka_unit_test(a_file_of_the_largest_size_is_read),
        cmocka_unit_test(long_lines_are_refused),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(values_are_cut_out_of_their_line),
        cmocka_unit_test(values_that_cannot_be_cut_are_refused),
        cmocka_unit_test(texts_have_a_longest_length),
        cmocka_unit_test(countries_are_two_letters),
        cmocka_unit_test(switches_are_read),
        cmocka_unit_test(base_urls_are_taken),
        cmocka_unit_test(base_urls_that_mislead_are_refused),
        cmocka_unit_test(base_urls_have_a_longest_length),
        cmocka_unit_test(unknown_settings_name_their_neighbour),
        cmocka_unit_test(settings_stand_in_their_section),
        cmocka_unit_test(variants_fit_their_setting),
        cmocka_unit_test(language_tags_have_a_shape),
        cmocka_unit_test(a_setting_stands_once_in_a_section),
        cmocka_unit_test(a_section_has_a_highest_number_of_settings),
        cmocka_unit_test(section_headers_are_checked),
        cmocka_unit_test(headers_may_have_blanks_case_and_comment),
        cmocka_unit_test(a_section_stands_once),
        cmocka_unit_test(lines_under_a_wrong_header_are_checked_when_its_kind_is_known),
        cmocka_unit_test(a_topic_makes_its_sender),
        cmocka_unit_test(topics_come_by_sender_in_file_order),
        cmocka_unit_test(the_longest_name_is_a_title),
        cmocka_unit_test(senders_and_topics_have_a_highest_number),
        cmocka_unit_test(titles_fall_back_by_language),
        cmocka_unit_test(topics_have_texts),
        cmocka_unit_test(consent_goes_from_topic_to_sender_to_file),
        cmocka_unit_test(no_memory_is_an_answer),
        cmocka_unit_test(the_shipped_example_is_right),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
