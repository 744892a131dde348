/* src/address/mailbox.h: the one addr-spec in what people and programs write around it.
 *
 * Private to this room. Nothing here allocates or looks into the address itself.
 */
#ifndef ADDRESS_MAILBOX_H
#define ADDRESS_MAILBOX_H

#include "address/address.h"

/* A part of the input. `offset` is where it began there; once it is `rewritten` (decoded, folded)
 * its bytes are other ones than the input's, and a refusal can only name its beginning. */
struct piece {
    struct span text;
    size_t offset;
    bool rewritten;
};

/* Refuses the byte `at` of the piece, told as the byte of the input that it came from. */
enum status piece_refuse(const struct piece *p, const char *what, size_t at, struct refusal *why);
/* Narrows to the bytes from `from` up to `to`. */
void piece_cut(struct piece *p, size_t from, size_t to);
/* Narrows as text_trim does. */
void piece_trim(struct piece *p);

/* Narrows to the addr-spec of a mailbox (RFC 5322 section 3.4), whichever way it is written:
 *
 *   jane@example.com             (home) jane@example.com (Jane)      <jane@example.com>
 *   "Doe, Jane" <jane@example.com>      Doe, Jane <jane@example.com> (Jane)
 *
 * More liberal than the RFC where there is still exactly one address: an unquoted display name may
 * have any characters, a comma or an `@` among them, when angle brackets follow. Lists and groups
 * are refused. */
enum status mailbox_find(struct piece *p, struct refusal *why) MUST_CHECK;

bool mailto_starts(struct span text);

/* Makes `p` the address of a mailto URI (RFC 6068): percent escapes decoded into `room`, header
 * fields dropped. An `@` may be escaped too, as many programs write it. */
enum status mailto_decode(struct piece *p, char room[ADDRESS_INPUT_MAX],
                          struct refusal *why) MUST_CHECK;

#endif
