/* cmd/answer.h: one answer as JSON, as `check` and `why` print it. Private to cmd. */
#ifndef CMD_ANSWER_H
#define CMD_ANSWER_H

#include "cmd/cmd.h"

/* A line: {"address":…,"scope":…,"verdict":…,"reason":…,"event":…,"since":…,"law":[…]}. The
 * clauses are those of `country`, else of the phone's own country, else of the configured one;
 * `a` may be NULL. */
void answer_add_json(struct buf *out, const struct authority *a, const struct taken *t,
                     const struct explanation *x, const char *country);

/* Two letters, or NULL. Complains. */
enum status answer_read_country(const char *country);

#endif
