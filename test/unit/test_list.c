/* test/unit/test_list.c: lists of addresses, from their bytes to records.
 *
 * A list is told as text, a word a record: `2:out:jane@example.com` is line 2, its meaning and its
 * address; `1:header`, `3:blank`, `4:bad(why)` are what is no record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapter/list/list.h"
#include "base/clock.h"

#include <stdlib.h>

static const struct list_wish no_wish;

static struct list_shape sniffed(struct span list, const struct list_wish *wish)
{
    struct list_shape shape;
    struct problem why = {""};
    if (list_sniff(list, wish, &shape, &why) != OK)
        fail_msg("refused: %s", why.text);
    return shape;
}

static void tell_record(const struct list_record *rec, struct buf *out)
{
    static const char *const what[] = {
        [LIST_HEADER] = "header", [LIST_BLANK] = "blank", [LIST_REST] = "rest"};
    (void)buf_printf(out, "%s%llu:", out->n ? " " : "", (unsigned long long)rec->line);
    if (rec->what == LIST_MALFORMED)
        (void)buf_printf(out, "bad(%s)", rec->why.what);
    else if (rec->what != LIST_RECORD)
        (void)buf_add_text(out, what[rec->what]);
    else
        (void)buf_printf(out, "%s:%.*s", rec->kind ? event_kind_word(rec->kind) : "none",
                         SPAN_ARG(rec->address));
}

/* Reads the list with a window that grows by `step`, and checks that nothing of it gets lost. */
static void tell(struct span list, const struct list_shape *shape, size_t step, struct buf *out)
{
    struct list_reader *r = mem_new(1, sizeof *r);
    struct list_record rec;
    size_t at = 0, window = 0;
    assert_non_null(r);
    list_reader_init(r, shape);
    while (at < list.n) {
        struct span in = span_cut(span_from(list, at), window);
        bool at_end = at + in.n == list.n;
        size_t n = list_next(r, in, at_end, &rec);
        if (n == 0) {
            assert_false(at_end);
            window += step;
            continue;
        }
        assert_ptr_equal(rec.raw.p, list.p + at);
        assert_int_equal(rec.raw.n, n);
        tell_record(&rec, out);
        at += n;
        window = window > n ? window - n : 0;
    }
    mem_free(r);
}

static void assert_told(struct span list, const struct list_wish *wish, const char *expected)
{
    struct list_shape shape = sniffed(list, wish);
    struct buf out = BUF_INIT(65536);
    tell(list, &shape, list.n, &out);
    assert_int_equal(buf_terminate(&out), OK);
    assert_string_equal(out.p, expected);
    buf_free(&out);
}

#define TELLS(list, expected) assert_told(SPAN(list), &no_wish, expected)

static void assert_refused(struct span list, const struct list_wish *wish, const char *sentence)
{
    struct list_shape shape;
    struct problem why = {""};
    assert_int_equal(list_sniff(list, wish, &shape, &why), REFUSED);
    assert_string_equal(why.text, sentence);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void lines_are_records(void **state)
{
    (void)state;
    TELLS("a@example.com\nb@example.com\n", "1:out:a@example.com 2:out:b@example.com");
    TELLS("a@example.com\r\n  b@example.com \r\nc@example.com",
          "1:out:a@example.com 2:out:b@example.com 3:out:c@example.com");
    TELLS("a@example.com\rb@example.com\r", "1:out:a@example.com 2:out:b@example.com");
}

static void blank_lines_and_comments_are_blank(void **state)
{
    (void)state;
    TELLS("# ours\n\na@example.com\n \t\n#b@example.com\n",
          "1:blank 2:blank 3:out:a@example.com 4:blank 5:blank");
}

static void display_names_with_commas_stay_lines(void **state)
{
    (void)state;
    TELLS("\"Doe, Jane\" <a@example.com>\n\"Roe, Rick\" <b@example.com>\n",
          "1:out:\"Doe, Jane\" <a@example.com> 2:out:\"Roe, Rick\" <b@example.com>");
}

static void one_comma_does_not_make_csv(void **state)
{
    (void)state;
    TELLS("a@example.com\nb@example.com\nc@example.com, d\ne@example.com\n",
          "1:out:a@example.com 2:out:b@example.com 3:out:c@example.com, d 4:out:e@example.com");
}

static void a_known_name_on_the_first_line_is_a_header(void **state)
{
    (void)state;
    TELLS("Email Address\na@example.com\n", "1:header 2:out:a@example.com");
    TELLS("not an address\na@example.com\n", "1:out:not an address 2:out:a@example.com");
}

static void a_byte_order_mark_is_kept_apart(void **state)
{
    (void)state;
    TELLS("\xef\xbb\xbf"
          "a@example.com\n",
          "1:header 1:out:a@example.com");
    TELLS("\xef\xbb\xbf"
          "\"email\",x\na@example.com,1\n",
          "1:header 1:header 2:out:a@example.com");
}

static void unreadable_bytes_cost_their_line(void **state)
{
    (void)state;
    TELLS("a@example.com\nb\0@example.com\nc\xff@example.com\nd@example.com\n",
          "1:out:a@example.com 2:bad(NUL byte) 3:bad(address is not valid UTF-8) "
          "4:out:d@example.com");
}

/* --- CSV -------------------------------------------------------------------------------------- */

static void every_delimiter_is_found(void **state)
{
    (void)state;
    TELLS("id,email\n1,a@example.com\n", "1:header 2:out:a@example.com");
    TELLS("id;email\n1;a@example.com\n", "1:header 2:out:a@example.com");
    TELLS("id\temail\n1\ta@example.com\n", "1:header 2:out:a@example.com");
    TELLS("id|email\n1|a@example.com\n", "1:header 2:out:a@example.com");
    TELLS("id;name;email\n1;\"Doe, J, K\";a@example.com\n2;x;b@example.com\n",
          "1:header 2:out:a@example.com 3:out:b@example.com");
}

static void quoted_cells_hold_anything(void **state)
{
    (void)state;
    TELLS("name,email\n\"Doe, \"\"J\"\"\r\nJane\",\"a@example.com\"\nx,\"\"\"b\"\"@example.com\"\n",
          "1:header 2:out:a@example.com 4:out:\"b\"@example.com");
}

static void line_ends_may_be_mixed(void **state)
{
    (void)state;
    TELLS("email,n\r\na@example.com,1\nb@example.com,2\rc@example.com,3",
          "1:header 2:out:a@example.com 3:out:b@example.com 4:out:c@example.com");
}

static void headers_are_known_by_many_names(void **state)
{
    (void)state;
    static const char *const names[] = {"email",
                                        "E-Mail",
                                        "EMAIL_ADDRESS",
                                        "\"Email Address\"",
                                        "mail",
                                        "address",
                                        "Recipient",
                                        "phone_number",
                                        "MSISDN",
                                        "mobile",
                                        "to",
                                        "destination",
                                        "device",
                                        "IDFA",
                                        "gaid",
                                        "maid",
                                        "sha256",
                                        "md5",
                                        "hashed_email",
                                        "E-Mail-Adresse",
                                        "courriel"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct buf list = BUF_INIT(256);
        (void)buf_printf(&list, "x,%s,y\n1,value,2\n", names[i]);
        struct list_shape shape = sniffed(buf_span(&list), &no_wish);
        assert_true(shape.has_header);
        assert_int_equal(shape.address.column, 1);
        buf_free(&list);
    }
}

static void a_street_is_no_address(void **state)
{
    (void)state;
    TELLS("address,to\nElm Street 1,a@example.com\n", "1:header 2:out:a@example.com");
}

static void a_list_without_header_has_one_column_of_addresses(void **state)
{
    (void)state;
    TELLS("1,a@example.com\n2,b@example.com\n", "1:out:a@example.com 2:out:b@example.com");
    TELLS("1795428000,+14155550100\n1795428001,+14155550101\n",
          "1:out:+14155550100 2:out:+14155550101");
}

static void what_is_not_certain_is_refused_with_the_columns(void **state)
{
    (void)state;
    assert_refused(SPAN("id,owner\n1,a@example.com\n"), &no_wish,
                   "no column is known to hold addresses; columns: id, owner; "
                   "name one with --column");
    assert_refused(SPAN("a@example.com,b@example.com\nc@example.com,d@example.com\n"), &no_wish,
                   "several columns hold addresses; there are 2 columns without names; "
                   "name one with --column");
    assert_refused(SPAN("email,Email\na@example.com,b@example.com\n"), &no_wish,
                   "several columns have the same name; columns: email, Email; "
                   "name one with --column");
    assert_refused(SPAN("{\"user\":\"a\",\"x\":{\"y\":1}}\n"), &no_wish,
                   "no member is known to hold addresses; columns: user, x.y; "
                   "name one with --column");
}

static void the_user_names_a_column(void **state)
{
    (void)state;
    const struct span list = SPAN("id,Owner\n1,a@example.com\n");
    assert_told(list, &(struct list_wish){.column = SPAN("Owner")}, "1:header 2:out:a@example.com");
    assert_told(list, &(struct list_wish){.column = SPAN("owner")}, "1:header 2:out:a@example.com");
    assert_told(list, &(struct list_wish){.column = SPAN("2")}, "1:header 2:out:a@example.com");
    assert_refused(list, &(struct list_wish){.column = SPAN("3")},
                   "there is no column of that number; columns: id, Owner; name one with --column");
    assert_refused(list, &(struct list_wish){.column = SPAN("who")},
                   "there is no column of that name; columns: id, Owner; name one with --column");
}

static void a_bad_record_costs_itself_alone(void **state)
{
    (void)state;
    TELLS("id,email\n1,a@example.com\n2\n3,\"b@example.com\"x\n4,\n,\n5,c@example.com\n",
          "1:header 2:out:a@example.com 3:bad(record ends before the column of addresses) "
          "4:bad(text after a closing quote) 5:bad(no address in this record) 6:blank "
          "7:out:c@example.com");
}

static void a_quote_that_is_never_closed_costs_its_line(void **state)
{
    (void)state;
    TELLS("id,email\n1,\"a@example.com\n2,b@example.com\n3,c@example.com\n",
          "1:header 2:bad(quote is never closed) 3:out:b@example.com 4:out:c@example.com");
}

/* Far behind it another quote would close it, and all between would be one cell. */
static void a_quoted_cell_ends_within_its_limits(void **state)
{
    (void)state;
    struct buf list = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    (void)buf_add_text(&list, "email,x\n\"lost\n");
    for (int i = 0; i < 2 * LIST_QUOTED_LINES_MAX; i++)
        (void)buf_add_text(&list, "a@example.com,1\n");
    (void)buf_add_text(&list, "b@example.com,\"\n");
    struct list_shape shape = sniffed(buf_span(&list), &no_wish);
    tell(buf_span(&list), &shape, list.n, &out);
    assert_int_equal(buf_terminate(&out), OK);
    assert_true(span_starts(buf_span(&out),
                            SPAN("1:header 2:bad(quote is never closed) 3:out:a@example.com ")));
    assert_non_null(strstr(out.p, " 258:out:a@example.com 259:bad(quote is never closed)"));
    buf_free(&list);
    buf_free(&out);
}

static void spreadsheet_guards_are_taken_off(void **state)
{
    (void)state;
    TELLS("phone,x\n'+14155550100,1\n'14155550100,2\n",
          "1:header 2:out:+14155550100 3:out:'14155550100");
}

static void a_column_in_quotes_is_csv(void **state)
{
    (void)state;
    TELLS("\"email\"\n\"a@example.com\"\n", "1:header 2:out:a@example.com");
}

/* --- NDJSON and JSON documents ---------------------------------------------------------------- */

static void ndjson_members_are_found(void **state)
{
    (void)state;
    TELLS("{\"email\":\"a@example.com\"}\n\n{\"email\":\"\\u0062@example.com\"}",
          "1:out:a@example.com 2:blank 3:out:b@example.com");
    TELLS("{\"id\":1,\"recipient\":{\"email\":\"a@example.com\"}}\n", "1:out:a@example.com");
    assert_told(SPAN("{\"id\":1,\"who\":{\"at\":\"a@example.com\"}}\n"),
                &(struct list_wish){.column = SPAN("who.at")}, "1:out:a@example.com");
}

static void a_bad_object_costs_itself_alone(void **state)
{
    (void)state;
    TELLS("{\"email\":\"a@example.com\n{\"email\":\"b@example.com\"}\n{\"email\":null}\n"
          "{\"email\":\"c@example.com\",\"email\":\"d@example.com\"}\n[1]\n",
          "1:bad(string does not end) 2:out:b@example.com 3:bad(no address in this record) "
          "4:bad(a member is there twice) 5:bad(not an object)");
}

static void documents_hold_records_in_arrays(void **state)
{
    (void)state;
    TELLS("[{\"email\":\"a@example.com\"},{\"email\":\"b@example.com\"}]",
          "1:blank 1:out:a@example.com 1:blank 1:out:b@example.com 1:blank");
    TELLS(
        "{\n \"items\": [\n  {\"email\": \"a@example.com\",\n   \"in\": [{\"email\": \"x\"}]}\n ],"
        "\n \"next\": {}\n}\n{\"items\":[{\"email\":\"b@example.com\"}]}\n",
        "1:blank 3:out:a@example.com 4:blank 8:out:b@example.com 8:blank");
    TELLS("[\"a@example.com\", \"b@example.com\"]",
          "1:blank 1:out:a@example.com 1:blank 1:out:b@example.com 1:blank");
}

static void a_torn_document_tells_so(void **state)
{
    (void)state;
    TELLS("[{\"email\":\"a@example.com\"},\n{\"email\":\"b@exam",
          "1:blank 1:out:a@example.com 1:blank 2:bad(document ends inside a record)");
}

/* --- products --------------------------------------------------------------------------------- */

static const struct {
    const char *list;
    enum list_product product;
    const char *told;
} exports[] = {
    {"address,scope,kind,since,source\na@example.com,email:acme/news,out,2026-11-23T10:00:00Z,cli\n"
     "b@example.com,*:*/*,in,2026-11-23T10:00:00Z,cli\n"
     "c@example.com,*:*/*,complaint,2026-11-23T10:00:00Z,cli\n",
     LIST_OPTOUT, "1:header 2:out:a@example.com 3:none:b@example.com 4:complaint:c@example.com"},
    {"status,reason,email,created\n5.1.1,550 no such user,a@example.com,1443651125\n"
     "4.2.2,452 full,b@example.com,1443651125\n550,no,c@example.com,1443651125\n"
     "5.7.1,blocked,d@example.com,1443651125\n",
     LIST_SENDGRID,
     "1:header 2:dead:a@example.com 3:none:b@example.com 4:dead:c@example.com "
     "5:none:d@example.com"},
    {"email,created\na@example.com,1443651125\n", LIST_SENDGRID, "1:header 2:out:a@example.com"},
    {"[{\"created\":1443651125,\"email\":\"a@example.com\",\"ip\":\"192.0.2.1\"}]", LIST_SENDGRID,
     "1:blank 1:complaint:a@example.com 1:blank"},
    {"Email Address,First Name,OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,LEID,EUID\n"
     "a@example.com,A,,2026-11-23 10:00:00,November,NORMAL,1,x\n"
     "b@example.com,B,,2026-11-23 10:00:00,November,SPAM,2,x\n"
     "c@example.com,C,2026-11-23 10:00:00,,,,3,x\n",
     LIST_MAILCHIMP, "1:header 2:out:a@example.com 3:complaint:b@example.com 4:none:c@example.com"},
    {"Email Address,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID\na@example.com,2026-11-23 "
     "10:00:00,x,1,y\n",
     LIST_MAILCHIMP, "1:header 2:dead:a@example.com"},
    {"Email Address,MEMBER_RATING,LEID,EUID\na@example.com,2,1,y\n", LIST_MAILCHIMP,
     "1:header 2:none:a@example.com"},
    {"Email address,Reason,Last update time\na@example.com,BOUNCE,x\nb@example.com,COMPLAINT,y\n",
     LIST_SES, "1:header 2:dead:a@example.com 3:complaint:b@example.com"},
    {"{\"SuppressedDestinationSummaries\":[{\"EmailAddress\":\"a@example.com\",\"Reason\":"
     "\"BOUNCE\","
     "\"LastUpdateTime\":1795428000.114}],\"NextToken\":\"x\"}",
     LIST_SES, "1:blank 1:dead:a@example.com 1:blank"},
    {"address,code,error,created_at\na@example.com,550,no such user,\"Mon, 23 Nov 2026 10:00:00 "
     "UTC\"\n",
     LIST_MAILGUN, "1:header 2:dead:a@example.com"},
    {"{\"items\":[{\"address\":\"a@example.com\",\"tags\":[\"*\"],\"created_at\":\"x\"}]}",
     LIST_MAILGUN, "1:blank 1:out:a@example.com 1:blank"},
    {"EmailAddress,SuppressionReason,Origin,CreatedAt\na@example.com,HardBounce,Recipient,x\n"
     "b@example.com,SpamComplaint,Recipient,x\nc@example.com,ManualSuppression,Customer,x\n",
     LIST_POSTMARK, "1:header 2:dead:a@example.com 3:complaint:b@example.com 4:out:c@example.com"},
    {"Email,Reason,Timestamp\na@example.com,UNSUBSCRIBE,x\nb@example.com,HARD_BOUNCE,x\n"
     "c@example.com,Spam complaint,x\nd@example.com,USER_SUPPRESSED,x\n",
     LIST_KLAVIYO,
     "1:header 2:out:a@example.com 3:dead:b@example.com 4:complaint:c@example.com "
     "5:out:d@example.com"},
    {"contact_id,sender_id,status,date_of_consent\n+14155550100,MG1,opt-out,x\n"
     "+14155550101,MG1,opt-in,x\n+14155550102,MG1,?,x\n",
     LIST_TWILIO, "1:header 2:out:+14155550100 3:none:+14155550101 4:hold:+14155550102"},
    {"From,To,Status,SentDate,ErrorCode\n+14155550199,+14155550100,failed,x,21610\n"
     "+14155550199,+14155550101,delivered,x,\n+14155550199,+14155550102,failed,x,30003\n",
     LIST_TWILIO, "1:header 2:out:+14155550100 3:none:+14155550101 4:none:+14155550102"},
    {"uuid,email,name,attributes,status,created_at,updated_at\n"
     "u1,a@example.com,A,{},blocklisted,x,y\nu2,b@example.com,B,\"{\"\"k\"\": 1}\",enabled,x,y\n"
     "u3,c@example.com,C,{},disabled,x,y\n",
     LIST_LISTMONK, "1:header 2:out:a@example.com 3:none:b@example.com 4:hold:c@example.com"},
    {"uuid,email,name,attributes,status,subscription_status\n"
     "u1,a@example.com,A,{},enabled,unsubscribed\nu2,b@example.com,B,{},enabled,confirmed\n",
     LIST_LISTMONK, "1:header 2:out:a@example.com 3:none:b@example.com"},
    {"email,state\na@example.com,subscribed\nb@example.com,unsubscribed\nc@example.com,Too much\n",
     LIST_UNKNOWN, "1:header 2:none:a@example.com 3:out:b@example.com 4:out:c@example.com"},
};

static void exports_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exports / sizeof exports[0]; i++) {
        struct list_shape shape = sniffed(span_of(exports[i].list), &no_wish);
        assert_string_equal(list_product_word(shape.product),
                            list_product_word(exports[i].product));
        assert_told(span_of(exports[i].list), &no_wish, exports[i].told);
    }
}

static void the_user_names_the_product(void **state)
{
    (void)state;
    const struct span list = SPAN("address,created_at\na@example.com,2026-11-23 10:00:00\n");
    assert_told(list, &no_wish, "1:header 2:out:a@example.com");
    assert_told(list, &(struct list_wish){.product = LIST_MAILGUN},
                "1:header 2:complaint:a@example.com");
    assert_refused(list, &(struct list_wish){.product = LIST_KLAVIYO},
                   "this is no export of klaviyo that is known here");
    assert_told(SPAN("email,state\na@example.com,subscribed\n"),
                &(struct list_wish){.product = LIST_PLAIN}, "1:header 2:out:a@example.com");
}

/* The only record of a list of that one row. */
static struct list_record only_record(struct span list, struct list_reader *r)
{
    struct list_record rec;
    struct list_shape shape = sniffed(list, &no_wish);
    list_reader_init(r, &shape);
    for (size_t at = 0, n; (n = list_next(r, span_from(list, at), true, &rec)) > 0; at += n)
        if (rec.what == LIST_RECORD)
            return rec;
    fail();
    return rec;
}

static void scope_time_and_note_are_told(void **state)
{
    (void)state;
    static struct list_reader r;
    struct list_record rec = only_record(
        SPAN("address,scope,kind,since,source\n"
             "a@example.com,email:acme/news,out,2026-11-23T10:00:00Z,\"say \"\"no\"\"\"\n"),
        &r);
    assert_true(span_eq(rec.scope, SPAN("email:acme/news")));
    assert_true(span_eq(rec.note, SPAN("say \"no\"")));
    assert_int_equal(rec.at_us, INT64_C(1795428000000000));
    assert_int_equal(rec.line, 2);
    assert_int_equal(rec.lines, 1);
}

static void a_long_note_is_cut_between_characters(void **state)
{
    (void)state;
    static struct list_reader r;
    struct buf list = BUF_INIT(1 << 16);
    (void)buf_add_text(&list, "email,created,reason\na@example.com,1443651125,x");
    for (int i = 0; i < LIST_CELL_MAX; i++)
        (void)buf_add_text(&list, "\xc3\xa9");
    struct list_record rec = only_record(buf_span(&list), &r);
    assert_int_equal(rec.note.n, LIST_CELL_MAX - 1);
    assert_true(utf8_valid(rec.note));
    buf_free(&list);
}

static void times_are_read_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *text, *read; /* NULL: says no time */
    } rows[] = {
        {"2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"},
        {"2026-11-23T10:00:00.5-05:00", "2026-11-23T15:00:00.500Z"},
        {"2026-11-23T10:00:00", "2026-11-23T10:00:00Z"},
        {"2026-11-23 10:00:00", "2026-11-23T10:00:00Z"},
        {"2026-11-23 10:00:00.25 +0100 CET", "2026-11-23T09:00:00.250Z"},
        {"2026-11-23 10:00:00 UTC", "2026-11-23T10:00:00Z"},
        {"2026-11-23", "2026-11-23T00:00:00Z"},
        {"Mon, 23 Nov 2026 10:00:00 UTC", "2026-11-23T10:00:00Z"},
        {"3 Nov 2026 10:00:00 +0200", "2026-11-03T08:00:00Z"},
        {"1795428000", "2026-11-23T10:00:00Z"},
        {"1795428000.114", "2026-11-23T10:00:00.114Z"},
        {"1795428000114", "2026-11-23T10:00:00.114Z"},
        {"Mon, 01 Jan 0001 00:00:00 UTC", NULL},
        {"11/12/2026", NULL},
        {"2026-11-23 10:00:00 PST", NULL},
        {"2026-02-30 10:00:00", NULL},
        {"soon", NULL},
        {"99999999999999999999", NULL},
    };
    static struct list_reader r;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf list = BUF_INIT(256);
        char read[RFC3339_BYTES];
        (void)buf_printf(&list, "email,time\na@example.com,\"%s\"\n", rows[i].text);
        struct list_record rec = only_record(buf_span(&list), &r);
        rfc3339_format(rec.at_us, read);
        assert_string_equal(read, rows[i].read ? rows[i].read : "1970-01-01T00:00:00Z");
        buf_free(&list);
    }
}

/* --- digests, formats, limits ----------------------------------------------------------------- */

static void digests_of_one_family_are_known(void **state)
{
    (void)state;
    struct list_shape shape = sniffed(SPAN("0cc175b9c0f1b6a831c399e269772661\n"
                                           "92EB5FFEE6AE2FEC3AD71C777531578F\n"),
                                      &no_wish);
    assert_true(shape.has_digest);
    assert_int_equal(shape.digest, HASH_MD5);
    shape = sniffed(SPAN("id,sha1\n1,86f7e437faa5a7fce15d1ddcb9eaeaea377667b8\n"), &no_wish);
    assert_true(shape.has_digest);
    assert_int_equal(shape.digest, HASH_SHA1);
    shape = sniffed(SPAN("0cc175b9c0f1b6a831c399e269772661\na@example.com\n"), &no_wish);
    assert_false(shape.has_digest);
    shape = sniffed(SPAN("x\n"), &(struct list_wish){.has_digest = true, .digest = HASH_SHA512});
    assert_true(shape.has_digest);
    assert_int_equal(shape.digest, HASH_SHA512);
}

static void what_is_no_list_is_refused(void **state)
{
    (void)state;
    assert_refused(SPAN(""), &no_wish, "the list is empty");
    assert_refused(SPAN(" \n\r\n"), &no_wish, "the list is empty");
    assert_refused(SPAN("\xff\xfe"
                        "a\0"),
                   &no_wish, "this is UTF-16 text; save it as UTF-8");
    assert_refused(SPAN("PK\x03\x04xyz"), &no_wish,
                   "this is a spreadsheet or a zip archive; save it as CSV");
    assert_refused(SPAN("[1, 2]"), &no_wish,
                   "there is no whole JSON record in the first 65536 bytes");
}

/* The same records whatever the pieces in which the list arrives. */
static void pieces_make_no_difference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exports / sizeof exports[0]; i++) {
        struct span list = span_of(exports[i].list);
        struct list_shape shape = sniffed(list, &no_wish);
        struct buf out = BUF_INIT(65536);
        if (shape.format != LIST_JSON) {
            tell(list, &shape, 1, &out);
            assert_int_equal(buf_terminate(&out), OK);
            assert_string_equal(out.p, exports[i].told);
        }
        buf_free(&out);
    }
}

static void a_record_that_is_too_long_is_skipped(void **state)
{
    (void)state;
    static const struct {
        const char *list, *told;
    } rows[] = {
        {"email,x\na@example.com,0123456789012345678901234567890123456789\r\nb@example.com,1\n",
         "1:header 2:bad(record is too long) 3:out:b@example.com"},
        {"[{\"email\":\"a@example.com\",\"x\":\"}012345678901234567890123456789\"},\n"
         "{\"email\":\"b@example.com\"}]",
         "1:blank 1:bad(record is too long) 2:out:b@example.com"},
    };
    for (size_t i = 0; i < 2; i++) {
        static struct list_reader r;
        struct span list = span_of(rows[i].list);
        struct list_shape shape = sniffed(list, &no_wish);
        struct buf out = BUF_INIT(4096);
        struct list_record rec;
        list_reader_init(&r, &shape);
        r.record_max = 32;
        /* A window of 32 bytes is all that the caller has. */
        for (size_t at = 0, n; at < list.n; at += n) {
            struct span in = span_cut(span_from(list, at), r.record_max);
            n = list_next(&r, in, at + in.n == list.n, &rec);
            assert_true(n > 0);
            bool first_blank = rec.what != LIST_BLANK || out.n == 0;
            if (rec.what != LIST_REST && first_blank)
                tell_record(&rec, &out);
        }
        assert_int_equal(buf_terminate(&out), OK);
        assert_string_equal(out.p, rows[i].told);
        buf_free(&out);
    }
}

static void words_name_formats_and_products(void **state)
{
    (void)state;
    enum list_format format;
    enum list_product product;
    assert_int_equal(list_format_parse(SPAN("NDJSON"), &format), OK);
    assert_int_equal(format, LIST_NDJSON);
    assert_string_equal(list_format_word(LIST_LINES), "lines");
    assert_int_equal(list_format_parse(SPAN("xml"), &format), NOT_FOUND);
    assert_int_equal(list_product_parse(SPAN("SendGrid"), &product), OK);
    assert_int_equal(product, LIST_SENDGRID);
    assert_int_equal(list_product_parse(SPAN("x"), &product), NOT_FOUND);
}

static void cells_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    const struct {
        struct span cell;
        bool spreadsheet;
        const char *written;
    } rows[] = {
        {SPAN(""), false, ""},
        {SPAN("a@example.com"), true, "a@example.com"},
        {SPAN("a,b"), false, "\"a,b\""},
        {SPAN("say \"no\""), false, "\"say \"\"no\"\"\""},
        {SPAN("two\nlines"), false, "\"two\nlines\""},
        {SPAN("one\rtwo"), false, "\"one\rtwo\""},
        {SPAN(" x"), false, "\" x\""},
        {SPAN("+14155550100"), false, "+14155550100"},
        {SPAN("+14155550100"), true, "'+14155550100"},
        {SPAN("=1+1"), true, "'=1+1"},
        {SPAN("@x,\""), true, "\"'@x,\"\"\""},
        {SPAN("-"), true, "'-"},
        {SPAN("\tx"), true, "\"'\tx\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = BUF_INIT(64);
        assert_int_equal(list_format_cell(rows[i].cell, ',', rows[i].spreadsheet, &out), OK);
        assert_int_equal(buf_terminate(&out), OK);
        assert_string_equal(out.p, rows[i].written);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_records),
        cmocka_unit_test(blank_lines_and_comments_are_blank),
        cmocka_unit_test(display_names_with_commas_stay_lines),
        cmocka_unit_test(one_comma_does_not_make_csv),
        cmocka_unit_test(a_known_name_on_the_first_line_is_a_header),
        cmocka_unit_test(a_byte_order_mark_is_kept_apart),
        cmocka_unit_test(unreadable_bytes_cost_their_line),
        cmocka_unit_test(every_delimiter_is_found),
        cmocka_unit_test(quoted_cells_hold_anything),
        cmocka_unit_test(line_ends_may_be_mixed),
        cmocka_unit_test(headers_are_known_by_many_names),
        cmocka_unit_test(a_street_is_no_address),
        cmocka_unit_test(a_list_without_header_has_one_column_of_addresses),
        cmocka_unit_test(what_is_not_certain_is_refused_with_the_columns),
        cmocka_unit_test(the_user_names_a_column),
        cmocka_unit_test(a_bad_record_costs_itself_alone),
        cmocka_unit_test(a_quote_that_is_never_closed_costs_its_line),
        cmocka_unit_test(a_quoted_cell_ends_within_its_limits),
        cmocka_unit_test(spreadsheet_guards_are_taken_off),
        cmocka_unit_test(a_column_in_quotes_is_csv),
        cmocka_unit_test(ndjson_members_are_found),
        cmocka_unit_test(a_bad_object_costs_itself_alone),
        cmocka_unit_test(documents_hold_records_in_arrays),
        cmocka_unit_test(a_torn_document_tells_so),
        cmocka_unit_test(exports_are_recognised),
        cmocka_unit_test(the_user_names_the_product),
        cmocka_unit_test(scope_time_and_note_are_told),
        cmocka_unit_test(a_long_note_is_cut_between_characters),
        cmocka_unit_test(times_are_read_in_every_form),
        cmocka_unit_test(digests_of_one_family_are_known),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(pieces_make_no_difference),
        cmocka_unit_test(a_record_that_is_too_long_is_skipped),
        cmocka_unit_test(words_name_formats_and_products),
        cmocka_unit_test(cells_are_quoted_where_they_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
