/* src/authority/batch.h: what a group of events knows of itself before it is in the lookup.
 *
 * Within one commit the same person may appear several times. The lookup learns of the group only
 * once it is durable, so until then this small table answers: which earlier event of this group
 * named this id? Private to the room.
 */
#ifndef AUTHORITY_BATCH_H
#define AUTHORITY_BATCH_H

#include "address/address.h"

struct batch_link {
    struct id id;
    uint32_t event; /* its index in the group */
    uint32_t older; /* the link of the same id before this one, plus 1; 0 for none */
};

struct batch {
    struct batch_link *links;
    uint32_t *heads; /* open addressing: link index plus 1 */
    size_t n, capacity, mask;
};

/* Room for `links` pairs of event and id. OK or NO_MEMORY. */
enum status batch_init(struct batch *b, size_t links) MUST_CHECK;
void batch_free(struct batch *b);
void batch_add(struct batch *b, struct id id, uint32_t event);
/* The newest link of an id, NULL when no event of the group named it. */
const struct batch_link *batch_find(const struct batch *b, struct id id);
/* The link before, NULL at the end. */
const struct batch_link *batch_older(const struct batch *b, const struct batch_link *link);

#endif
