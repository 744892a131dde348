/* src/adapter/list/part.h: what the files of this room share. Private. */
#ifndef ADAPTER_LIST_PART_H
#define ADAPTER_LIST_PART_H

#include "adapter/list/list.h"
#include "base/json.h"

/* --- csv.c: lines, records and cells --------------------------------------------------------- */

/* One record (or physical line) at the front of some input. */
struct extent {
    size_t bytes; /* line end included; 0: more input is needed */
    size_t text;  /* without it */
    uint32_t lines;
    struct refusal why; /* why.what is NULL when nothing is wrong */
};

/* The physical line at the front: LF, CRLF or a lone CR ends it. */
struct extent line_extent(struct span in, bool at_end);
/* The CSV record at the front. */
struct extent csv_extent(struct span in, char delimiter, bool at_end);
/* Line ends in `s`, where CRLF is one. */
uint64_t count_line_ends(struct span s);

struct cell {
    struct span text; /* between its quotes, doubled quotes still doubled */
    bool quoted;
};

/* Steps through the cells of a record's text that csv_extent found nothing wrong with. *at starts
 * at 0; false behind the last cell. */
bool csv_next_cell(struct span record, char delimiter, size_t *at, struct cell *out);

/* The cell's text: doubled quotes made single, the spreadsheet's ' taken off. It borrows from the
 * record, or from `scratch` when it must be rewritten; cut at LIST_CELL_MAX. */
struct span cell_text(struct cell cell, char scratch[LIST_CELL_MAX]);

/* --- names.c: columns and what they are called ----------------------------------------------- */

/* A CSV header's cell or a JSON member. */
struct column {
    struct span outer; /* JSON: the member that holds the object; n == 0: the record itself */
    struct span name;
    uint16_t number; /* from 0 */
};

struct columns {
    size_t count;
    struct column at[LIST_COLUMNS_MAX];
};

/* Is `name`, without blanks, `_ - .` and quotes and in lower case, one of the folded words in
 * `words` (parted by one blank)? Returns its place among them from 1, else 0. */
size_t name_place(struct span name, const char *words);

/* The column with the earliest of `words`: a member of the record itself before a nested one.
 * NULL: none. *twice (may be NULL): there is another of that same name. */
const struct column *find_column(const struct columns *c, const char *words, bool *twice);

/* The column that the user named, in its exact spelling or folded; NULL: none. */
const struct column *find_wished(const struct columns *c, struct span wish);

struct list_field field_of(const struct column *c);

/* Folded names of columns that hold addresses, the surest first. */
extern const char address_names[];

/* --- product.c: whose export it is, and what its rows mean ------------------------------------ */

/* Fills product, fields (address when it is not there yet) and kind. NOT_FOUND: `wish` names a
 * product and the columns are not its. */
enum status list_recognise(const struct columns *c, enum list_product wish,
                           struct list_shape *shape) MUST_CHECK;

/* What a row means. `time` is the text of its time cell. */
enum event_kind kind_of_row(const struct list_shape *shape, struct span status,
                            struct span second_status, struct span time);

/* --- when.c ---------------------------------------------------------------------------------- */

/* Microseconds since 1970 from any way in which products write a time; 0 when it says none. */
int64_t list_time(struct span s);

/* --- member.c: JSON members ------------------------------------------------------------------ */

/* The members of an object that json_parse accepted; in the place of a member that is an object,
 * at the end, its members. */
void member_columns(struct json object, struct columns *out);
/* The text of a member: a string's content, else the value as it stands; empty when it is absent,
 * null or longer than LIST_CELL_MAX. REFUSED when the name is there twice. */
enum status member_text(struct json object, const struct list_field *f, char scratch[LIST_CELL_MAX],
                        struct span *out) MUST_CHECK;
/* A JSON string's text, as above. */
struct span string_text(struct json string, char scratch[LIST_CELL_MAX]);

/* The record of a JSON document at the front of `in`, or what stands before it; *is_record tells
 * which. `n` moves on with what is taken; bytes == 0: more input is needed. */
struct extent document_extent(struct list_nesting *n, struct span in, bool strings, bool at_end,
                              bool *is_record);
/* A record that is too long: takes note of its start `in`, then steps over its further bytes;
 * returns how many of them belong to it. */
void document_begin_skip(struct list_nesting *n, struct span in);
size_t document_skip(struct list_nesting *n, struct span in, bool *ended);

#endif
