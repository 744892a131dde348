/* src/address/unicode.h: checking, trimming and folding of text that people wrote.
 *
 * unicode.c is the door to utf8proc. Nothing here allocates. Any thread.
 */
#ifndef ADDRESS_UNICODE_H
#define ADDRESS_UNICODE_H

#include "address/address.h"

/* Is every byte below 0x80? */
bool text_is_ascii(struct span s);

/* Refuses what is over ADDRESS_INPUT_MAX, has a zero byte or is not UTF-8, and says where. */
enum status text_check(struct span in, struct refusal *why) MUST_CHECK;

/* Without the blanks of any script, and without invisible format characters (zero-width, byte
 * order and direction marks), at both ends. */
struct span text_trim(struct span in);

/* Does it have an `@`, or one of the two code points that fold to it? */
bool text_has_at_sign(struct span in);

/* A decimal digit of any script? */
bool point_is_digit(uint32_t point);

enum point_class { POINT_VISIBLE, POINT_BLANK, POINT_CONTROL, POINT_INVISIBLE };
enum point_class point_classify(uint32_t point);

/* The room that folding works in; what it gives lives there too. The bound leaves any address
 * within its limits ample room, and stops code points that unfold to eighteen others. */
enum { FOLD_POINTS_MAX = ADDRESS_INPUT_MAX };
struct fold_room {
    int32_t points[FOLD_POINTS_MAX + 1];
};

/* NFKC with every letter in lower case, for well-formed UTF-8. Lower case means one code point
 * for one code point, not full case folding: `ß` and `ss` are other mailboxes. Folding what was
 * folded changes nothing. OK, or REFUSED when it does not fit. */
enum status text_fold(struct span in, struct fold_room *room, struct span *out) MUST_CHECK;

#endif
