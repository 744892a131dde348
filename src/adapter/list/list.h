/* src/adapter/list/list.h: lists of addresses, as people and products write them, read record by
 * record: plain lines, CSV (RFC 4180), NDJSON, JSON documents, and the suppression exports of the
 * products that people leave.
 *
 * From bytes to records: no heap, no file, no clock. The caller holds the bytes and says when they
 * end; spans borrow from them or from the reader. Any thread; a reader belongs to one at a time.
 *
 *   list_sniff   looks at the list's head once and tells its shape, or why it cannot
 *   list_next    takes the next record off the front of what the caller holds
 *
 * Invariants:
 *   - The raw spans, one after the other, are the input, byte for byte, whatever it holds.
 *   - A wrong record costs itself alone. A quote that is never closed spoils its own line:
 *     a quoted cell ends within LIST_QUOTED_LINES_MAX lines and LIST_QUOTED_BYTES_MAX bytes, or the
 *     line it started in is malformed and reading goes on behind that line.
 *   - Where the column of addresses is not certain it is not guessed.
 *   - A row that means "subscribed" has no kind: an import never makes an event of it.
 */
#ifndef ADAPTER_LIST_LIST_H
#define ADAPTER_LIST_LIST_H

#include "base/hash.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "event/event.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LIST_HEAD_MAX = 64 * 1024,           /* bytes that list_sniff looks at */
    LIST_RECORD_MAX = 16 * 1024 * 1024,  /* bytes of one record */
    LIST_QUOTED_LINES_MAX = 128,         /* lines in one quoted cell */
    LIST_QUOTED_BYTES_MAX = 1024 * 1024, /* bytes of one quoted cell */
    LIST_CELL_MAX = 1024,                /* bytes of a cell that is read: address, scope, … */
    LIST_COLUMNS_MAX = 512,              /* columns whose names are looked at */
    LIST_MEMBER_MAX = 64,                /* bytes of a JSON member's name */
    LIST_SAMPLE_ROWS = 64                /* rows of the head that are weighed */
};

enum list_format {
    LIST_AUTO,   /* in a wish: find out */
    LIST_LINES,  /* an address a line; blank lines and `#` comments are LIST_BLANK */
    LIST_CSV,    /* any delimiter of , ; tab | */
    LIST_NDJSON, /* an object a line */
    LIST_JSON    /* one document: records are the objects (or strings) of its arrays */
};

/* "auto", "lines", "csv", "ndjson", "json". */
const char *list_format_word(enum list_format f);
enum status list_format_parse(struct span s, enum list_format *out) MUST_CHECK;

enum list_product {
    LIST_UNKNOWN, /* in a wish: find out; in a shape: a list that no product is known by */
    LIST_PLAIN,   /* in a wish: every row is an opt-out, whatever else it says */
    LIST_OPTOUT,  /* our own export */
    LIST_SENDGRID,
    LIST_MAILCHIMP,
    LIST_SES,
    LIST_MAILGUN,
    LIST_POSTMARK,
    LIST_KLAVIYO,
    LIST_TWILIO,
    LIST_LISTMONK,
    LIST_PRODUCTS
};

/* As `--from` takes them: "unknown", "plain", "optout", "sendgrid", … */
const char *list_product_word(enum list_product p);
enum status list_product_parse(struct span s, enum list_product *out) MUST_CHECK;

/* What the user asked for; zeroed: everything is to be found out. */
struct list_wish {
    enum list_format format;
    struct span column; /* a header's or member's name (`recipient.email`), or a number from 1 */
    bool has_digest;    /* the column holds digests of this family */
    enum hash_name digest;
    enum list_product product;
};

/* Where one thing is in each record. */
struct list_field {
    bool present;
    uint16_t column;                  /* CSV: from 0 */
    char outer[LIST_MEMBER_MAX + 1];  /* JSON: the member that holds the object, or "" */
    char member[LIST_MEMBER_MAX + 1]; /* JSON */
};

struct list_shape {
    enum list_format format; /* never LIST_AUTO */
    enum list_product product;
    char delimiter;    /* CSV */
    bool has_header;   /* CSV and LINES: the first record is none */
    bool strings;      /* JSON: the records are strings */
    uint8_t bom_bytes; /* 3 or 0 */
    bool has_digest;   /* every address is a digest of this family, without its prefix */
    enum hash_name digest;
    struct list_field address, scope, status, second_status, time, note;
    enum event_kind kind; /* of a row whose status says nothing that we know; 0: none */
    bool needs_time;      /* a row without time and status was never opted out */
};

/* Tells the shape of a list from its first LIST_HEAD_MAX bytes (or all of it, if it is shorter):
 * OK, or REFUSED with a sentence that names the columns there are. `why` may be NULL. */
enum status list_sniff(struct span head, const struct list_wish *wish, struct list_shape *out,
                       struct problem *why) MUST_CHECK;

enum list_what {
    LIST_RECORD,    /* has an address */
    LIST_HEADER,    /* column names, or a byte order mark: belongs into every output */
    LIST_BLANK,     /* a blank line, a comment, what stands between the records of a document */
    LIST_MALFORMED, /* see why; nobody may be contacted for its sake */
    LIST_REST       /* more bytes of a record that was LIST_MALFORMED for its length */
};

struct list_record {
    enum list_what what;
    struct span raw;      /* all of it, line end included */
    uint64_t line;        /* the line it starts in, from 1 */
    uint32_t lines;       /* how many lines it touches */
    struct refusal why;   /* LIST_MALFORMED; offset is within raw */
    struct span address;  /* LIST_RECORD: as written, out of its quotes; for address_parse */
    struct span scope;    /* as written; n == 0 when the list does not say */
    enum event_kind kind; /* what an import makes of it; 0: nothing, it is no opt-out */
    int64_t at_us;        /* when it was said; 0 when the list does not say */
    struct span note;     /* the product's reason or source, at most LIST_CELL_MAX bytes of UTF-8 */
};

/* Reading state; its size is fixed. The fields below shape are the reader's own. */
struct list_reader {
    struct list_shape shape;
    size_t record_max; /* LIST_RECORD_MAX; a test may lower it */
    uint64_t line;
    uint16_t last_column;
    bool bom_done, header_done;
    bool skipping; /* inside a record that was too long */
    struct list_nesting {
        uint64_t arrays;       /* bit 0: the innermost open bracket is an array's */
        uint32_t depth, floor; /* floor: where the record that is skipped began */
        bool in_string, escaped;
    } nesting;
    char address[LIST_CELL_MAX], scope[LIST_CELL_MAX], note[LIST_CELL_MAX];
};

void list_reader_init(struct list_reader *r, const struct list_shape *shape);

/* Takes the next record off the front of `in` and returns how many bytes it has. 0: more input is
 * needed, or at_end (nothing follows `in`) everything has been read. A caller whose buffer holds
 * LIST_RECORD_MAX bytes always gets on: a longer record comes as LIST_MALFORMED with what there is
 * of it, then as LIST_REST until its end. The spans live until the next call. */
size_t list_next(struct list_reader *r, struct span in, bool at_end, struct list_record *out);

/* Appends `cell` to a CSV row, quoted where RFC 4180 asks for it. For a spreadsheet, text that it
 * would take for a formula (starting with = + - @ TAB CR) gets a ' before it, which reading takes
 * off again. */
enum status list_format_cell(struct span cell, char delimiter, bool spreadsheet, struct buf *out);

#endif
