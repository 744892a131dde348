/* src/address/idn.h: one label of an international domain name as its A-label.
 *
 * idn.c is the door to libidn2, whose working memory comes from its own heap. Any thread.
 */
#ifndef ADDRESS_IDN_H
#define ADDRESS_IDN_H

#include "base/span.h"

enum { DOMAIN_LABEL_MAX = 63 }; /* RFC 1035 section 2.3.4 */

/* Writes the A-label (IDNA 2008 with the mapping of UTS 46, non-transitional: `ß` and final sigma
 * stay themselves) of a label in folded UTF-8, with a zero behind it. NULL, or why not. */
const char *idn_label(struct span label, char out[DOMAIN_LABEL_MAX + 1]) MUST_CHECK;

#endif
