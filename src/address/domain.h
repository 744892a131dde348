/* src/address/domain.h: the domain of an e-mail address in its one normal form.
 *
 * Private to this room.
 */
#ifndef ADDRESS_DOMAIN_H
#define ADDRESS_DOMAIN_H

#include "address/mailbox.h"

/* A plain ASCII domain in lower case, written to `out` (at least in.n bytes, no zero) in one pass
 * without any library call. Its length, or 0 when it is not plain, right or wrong. */
size_t domain_plain(struct span in, char *out) MUST_CHECK;

/* Any domain or address literal, from folded text; `out` gets its *n bytes. */
enum status domain_parse(const struct piece *p, char out[EMAIL_DOMAIN_MAX], size_t *n,
                         struct refusal *why) MUST_CHECK;

#endif
