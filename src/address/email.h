/* src/address/email.h: the short way of email_parse. Private to this room. */
#ifndef ADDRESS_EMAIL_H
#define ADDRESS_EMAIL_H

#include "address/address.h"

/* Reads a bare ASCII address, as nearly all are, in one pass and without a library call. False
 * says only that it is not that plain; `out` is then undefined. Since no prefix of address_parse
 * is plain, trying this first changes no answer. */
bool email_parse_plain(struct span in, struct address *out) MUST_CHECK;

#endif
