/* src/address/phone.h: what the other files of this room need of phones beyond the room's face. */
#ifndef ADDRESS_PHONE_H
#define ADDRESS_PHONE_H

#include "address/address.h"

/* Equivalent forms of a phone: forms[0] is a itself */
size_t phone_forms(const struct address *a, struct address forms[ADDRESS_FORMS_MAX]);

#endif
