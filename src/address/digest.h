/* src/address/digest.h: digests with their prefix. Private to this room. */
#ifndef ADDRESS_DIGEST_H
#define ADDRESS_DIGEST_H

#include "address/address.h"

/* Does `in` start with `md5:`, `sha1:`, `sha256:` or `sha512:`, in any case? *rest is what stands
 * behind it. */
bool digest_prefix(struct span in, enum hash_name *family, struct span *rest);

#endif
