/* src/config/value.h: is a value one that its setting can have? Private.
 *
 * Pure functions on a value that has a zero at its end and no control character in it. A check
 * returns NULL when it is satisfied, else what is wrong; it may rewrite the value into its normal
 * form, which is never longer.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/model.h"

typedef const char *value_check(char *value);

const char *check_country(char *value);
const char *check_base_url(char *value);
const char *check_switch(char *value);
const char *check_consent(char *value);
const char *check_title(char *value);
const char *check_description(char *value);

/* Does a value that check_switch or check_consent has passed say yes or opt-in? */
bool value_is_yes(const char *value);

/* Reads a language tag of the shape `pt`, `pt-BR`, `zh-Hant` or `zh-Hant-TW` (RFC 5646), `_` for
 * `-` and any case accepted, into lower case with hyphens. */
bool language_parse(struct span tag, char out[LANGUAGE_BYTES]);
/* Does a tag so written equal `asked`, however that is written? */
bool language_equal(const char *tag, struct span asked);

/* Has the text a control character (C0, C1, DEL) or a line or paragraph separator? They would
 * split a header or a log line later on. */
bool has_control(struct span s);

#endif
