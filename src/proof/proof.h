/* src/proof/proof.h: what lets strangers check the ledger with other people's software.
 *
 * From the ground up:
 *   merkle      hashes, inclusion and consistency of RFC 6962, verified and made
 *   frontier    the right edge of a growing tree: append a leaf, know the root
 *   tile        the files in which a log publishes its tree (C2SP tlog-tiles)
 *   note        text with Ed25519 signatures and witnesses' cosignatures (C2SP signed-note,
 *               tlog-cosignature)
 *   checkpoint  the text that a log signs: origin, size, root (C2SP tlog-checkpoint)
 *   leaf        what our log says of an event, and the commitment in it
 *   receipt     a leaf, its path and a checkpoint in one file (C2SP tlog-proof), and the code
 *               that opens the commitment
 *
 * Every format has one spelling. What can be written in two ways is refused in all but one, since
 * otherwise somebody could change a proof and it would still hold. Readers tell what is wrong and
 * at which byte of their own input.
 *
 * A proof shows that something was recorded, never that nothing else was: absence and the current
 * state are not in the tree.
 *
 * Pure functions: no clock, no file, no randomness; the heap only where a struct buf is. Any
 * thread. Spans in what a parser hands out borrow from its input.
 */
#ifndef PROOF_PROOF_H
#define PROOF_PROOF_H

#include "base/hash.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "event/event.h"

#include <stdbool.h>
#include <stdint.h>

/* --- Base64 ---------------------------------------------------------------------------------- */

/* RFC 4648 section 4 and nothing beside it: the standard alphabet, padding required, unused bits
 * zero, no blank or line break. So each byte string has one text: four characters for each three
 * bytes begun, and of base64_canonical_encode a zero behind them. */
void base64_canonical_encode(const void *p, size_t n, char *out);
enum status base64_canonical_add(struct buf *out, const void *p, size_t n);
/* Decodes into `out` (NULL: only checks), at most `max` bytes; *n says how many. */
bool base64_canonical_decode(struct span in, uint8_t *out, size_t max, size_t *n) MUST_CHECK;

/* --- Merkle tree (RFC 6962 section 2.1) --------------------------------------------------------
 */

enum {
    MERKLE_HASH_BYTES = SHA256_BYTES,
    MERKLE_LEVELS = 64,   /* complete subtrees of a tree of up to 2^64 - 1 leaves: 2^0 to 2^63 */
    MERKLE_PATH_MAX = 65, /* hashes of the longest proof, a consistency proof */
    MERKLE_HASH_TEXT_BYTES = 44,
    ENTRY_MAX = UINT16_MAX /* what a bundle of a tiled log can hold */
};

struct merkle_hash {
    uint8_t bytes[MERKLE_HASH_BYTES];
};

struct merkle_path {
    size_t n;
    struct merkle_hash hash[MERKLE_PATH_MAX];
};

bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);
/* The root of a tree without leaves. */
struct merkle_hash merkle_empty(void);
/* At most ENTRY_MAX bytes. */
struct merkle_hash merkle_leaf(struct span leaf);
struct merkle_hash merkle_node(const struct merkle_hash *left, const struct merkle_hash *right);

/* Is `leaf` the leaf number `index` of the tree of `size` leaves that has this root? A path proves
 * the place by its shape: where two sizes give one shape it proves both, and only the signature on
 * the checkpoint says which one it is. */
bool merkle_included(uint64_t index, uint64_t size, const struct merkle_hash *leaf,
                     const struct merkle_path *path, const struct merkle_hash *root) MUST_CHECK;

/* Are the first `old_size` leaves of the new tree the old tree? The empty tree is a beginning of
 * every tree; then, and when the sizes are equal, the path must be empty. */
bool merkle_consistent(uint64_t old_size, const struct merkle_hash *old_root, uint64_t new_size,
                       const struct merkle_hash *new_root,
                       const struct merkle_path *path) MUST_CHECK;

/* Gives the root of the complete subtree of 2^level leaves that is number `index` of its kind. */
typedef enum status merkle_get(void *context, unsigned level, uint64_t index,
                               struct merkle_hash *out);

/* These return what `get` failed with, or OK. REFUSED: no such index or size in the tree. */
enum status merkle_root(merkle_get *get, void *context, uint64_t size,
                        struct merkle_hash *out) MUST_CHECK;
enum status merkle_prove_inclusion(merkle_get *get, void *context, uint64_t index, uint64_t size,
                                   struct merkle_path *out) MUST_CHECK;
enum status merkle_prove_consistency(merkle_get *get, void *context, uint64_t old_size,
                                     uint64_t new_size, struct merkle_path *out) MUST_CHECK;

/* --- frontier -------------------------------------------------------------------------------- */

enum { FRONTIER_BYTES_MAX = 8 + MERKLE_LEVELS * MERKLE_HASH_BYTES };

/* The complete subtrees that a tree of `size` leaves falls into: edge[l] where bit l of size is
 * set. Zeroed it is the empty tree. */
struct frontier {
    uint64_t size;
    struct merkle_hash edge[MERKLE_LEVELS];
};

/* Appends a leaf by its hash. made[l] (may be NULL) gets the complete subtree of 2^l leaves that
 * the leaf ended, made[0] the leaf itself; returns how many, 0 when the tree is full. */
unsigned frontier_append(struct frontier *f, const struct merkle_hash *leaf,
                         struct merkle_hash made[MERKLE_LEVELS]);
struct merkle_hash frontier_root(const struct frontier *f);

/* Eight bytes of size, big-endian, then its hashes from the largest subtree down; returns the
 * length. */
size_t frontier_store(const struct frontier *f, uint8_t out[FRONTIER_BYTES_MAX]);
/* OK, or DAMAGED when the length is not the size's. */
enum status frontier_load(struct span in, struct frontier *out) MUST_CHECK;

/* --- tiles ----------------------------------------------------------------------------------- */

enum { TILE_HEIGHT = 8, TILE_WIDTH = 1 << TILE_HEIGHT, TILE_LEVEL_MAX = 63, TILE_PATH_BYTES = 64 };

/* A resource of a tiled log: a run of subtree roots, or the bundle of entries below level 0. */
struct tile {
    bool entries;   /* a bundle; its level is 0 */
    unsigned level; /* its hashes are roots of 2^(TILE_HEIGHT * level) leaves */
    uint64_t index;
    unsigned width; /* 1 to TILE_WIDTH; below it a partial tile */
};

/* Writes `tile/0/x001/234/067.p/5`, without a slash in front and with a zero behind it. */
void tile_path(const struct tile *t, char out[TILE_PATH_BYTES]);
enum status tile_path_parse(struct span path, struct tile *out, struct refusal *why) MUST_CHECK;

/* How many hashes the tile has in a tree of `size` leaves; 0: it is not there. */
unsigned tile_width(unsigned level, uint64_t index, uint64_t size);

/* The full-width tile out of which tile_hash can tell a subtree's root. */
struct tile tile_holding(unsigned level, uint64_t index);
/* The root of that subtree out of the bytes of that tile, or of a partial one that is wide enough:
 * OK, or NOT_FOUND. With this a log's tiles serve as merkle_get. */
enum status tile_hash(struct span tile, unsigned level, uint64_t index,
                      struct merkle_hash *out) MUST_CHECK;

/* Appends an entry to a bundle: OK, REFUSED over ENTRY_MAX, or as buf_add. */
enum status entry_add(struct buf *bundle, struct span entry) MUST_CHECK;
/* Steps through a bundle, *at from 0: OK, NOT_FOUND at its end, REFUSED when it is cut short. */
enum status entry_next(struct span bundle, size_t *at, struct span *entry) MUST_CHECK;

/* --- notes ----------------------------------------------------------------------------------- */

enum {
    NOTE_BYTES_MAX = 1 << 17, /* 16 post-quantum signatures of 5 kB and a long text fit */
    NOTE_SIGNATURES_MAX = 64,
    NOTE_NAME_MAX = 255,
    NOTE_KEY_TEXT_BYTES = NOTE_NAME_MAX + 1 + 8 + 1 + MERKLE_HASH_TEXT_BYTES + 1,
    NOTE_KEY_ID_BYTES = 4
};

enum note_key_type { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04 };

/* Whom a note may be signed by: a name and a public key, known by their key id. */
struct note_key {
    enum note_key_type type;
    uint8_t id[NOTE_KEY_ID_BYTES];
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    char name[NOTE_NAME_MAX + 1];
};

/* The name is UTF-8 of at most NOTE_NAME_MAX bytes without spaces, controls and plus signs. */
enum status note_key_make(struct span name, enum note_key_type type,
                          const uint8_t public_key[SIGN_PUBLIC_BYTES], struct note_key *out,
                          struct refusal *why) MUST_CHECK;
/* The vkey form, `name+hex key id+base64`; the id must be the key's. */
enum status note_key_parse(struct span vkey, struct note_key *out, struct refusal *why) MUST_CHECK;
void note_key_format(const struct note_key *key, char out[NOTE_KEY_TEXT_BYTES]);

struct note {
    struct span text;       /* what is signed, its last newline included */
    struct span signatures; /* the lines behind the blank one, well-formed each */
    size_t count;
};

enum status note_parse(struct span in, struct note *out, struct refusal *why) MUST_CHECK;

/* Did this key sign? OK; NOT_FOUND when it did not; REFUSED when there is a signature by it that
 * is false, or more than one: then trust nothing of the note. NO_MEMORY (cosignatures alone). Of a
 * cosignature *seconds (may be NULL) is its time since 1970. */
enum status note_verify(const struct note *note, const struct note_key *key, uint64_t *seconds,
                        struct refusal *why) MUST_CHECK;

/* Appends a signature line for `text` to `out`. `key` is the public side of `signer`. REFUSED:
 * the text can be no note's, or the key is of the other type; NO_MEMORY, NO_SPACE. A whole note is
 * the text, a newline and its signature lines. */
enum status note_sign(struct span text, const struct note_key *key, const struct sign_key *signer,
                      struct buf *out) MUST_CHECK;
/* The same as a witness, who says that `checkpoint` (its text) is consistent with all that it saw
 * of that log until `seconds`. The caller must have checked and stored that before. */
enum status note_cosign(struct span checkpoint, const struct note_key *key,
                        const struct sign_key *signer, uint64_t seconds,
                        struct buf *out) MUST_CHECK;

/* --- checkpoints ------------------------------------------------------------------------------ */

struct checkpoint {
    struct span origin; /* one line */
    uint64_t size;
    struct merkle_hash root;
    struct span extensions; /* whole lines that nobody can audit; empty in ours */
};

/* Reads a note's text. A size of 0 goes with the empty tree's root alone. */
enum status checkpoint_parse(struct span text, struct checkpoint *out,
                             struct refusal *why) MUST_CHECK;
/* Appends the text of a note: OK, REFUSED when checkpoint_parse would refuse it, or as buf_add. */
enum status checkpoint_format(const struct checkpoint *c, struct buf *out) MUST_CHECK;

/* --- leaves and commitments ------------------------------------------------------------------- */

enum leaf_kind {
    LEAF_RECORD, /* `rec`: an event; which one stays inside the commitment */
    LEAF_KEY,    /* `key`: a change of keys */
    LEAF_INDEX,  /* `index`: the digest of the state that follows from all leaves before */
    LEAF_LOG,    /* `log`: the last checkpoint of the log that this one goes on from */
    LEAF_KINDS
};

enum { LEAF_BYTES = 128, SALT_BYTES = 32 };

/* One entry of the public log. Its time is cut to seconds. */
struct leaf {
    enum leaf_kind kind;
    uint64_t recorded_s;
    uint8_t commitment[SHA256_BYTES];
};

/* optout/leaf/v1 LF kind LF seconds LF base64 LF; with a zero at its end. Returns the length. */
size_t leaf_format(const struct leaf *leaf, char out[LEAF_BYTES]);
enum status leaf_parse(struct span in, struct leaf *out, struct refusal *why) MUST_CHECK;

/* What a record commits to. */
struct statement {
    enum event_kind kind;
    struct scope scope;
    struct span who;    /* as address_print writes it */
    struct span source; /* may be empty */
    bool proven;        /* there is a proof text, of this digest */
    uint8_t proof_digest[SHA256_BYTES];
    int64_t at_us, recorded_us;
    uint32_t normalisation; /* version of the rules that `who` was written by */
};

/* Appends the canonical text, nine lines from optout/event/v1 to the version: OK, REFUSED when a
 * part cannot stand on a line or a time is before 1970, or as buf_add. */
enum status statement_format(const struct statement *s, struct buf *out) MUST_CHECK;
enum status statement_parse(struct span text, struct statement *out,
                            struct refusal *why) MUST_CHECK;

/* HMAC-SHA256 of the canonical text under a salt of its own. */
void commitment_make(const uint8_t salt[SALT_BYTES], struct span text, uint8_t out[SHA256_BYTES]);
/* Is this what the leaf is about? It must be a record, of the same second, and commit to it. */
enum status commitment_check(const struct leaf *leaf, const uint8_t salt[SALT_BYTES],
                             const struct statement *s, struct refusal *why) MUST_CHECK;

/* --- receipts --------------------------------------------------------------------------------- */

enum {
    CODE_CHARS = 52, /* of base32 for SALT_BYTES */
    CODE_BYTES = CODE_CHARS + 1,
    CODE_INPUT_MAX = 256, /* with the blanks and hyphens that people put in */
    RECEIPT_BYTES_MAX = NOTE_BYTES_MAX + 8192
};

/* The receipt code is the salt in base32 (RFC 4648), lower case, unpadded, with a zero at its end.
 * Keep it from URLs, logs and files: with the receipt it lets one try addresses. */
void code_format(const uint8_t salt[SALT_BYTES], char out[CODE_BYTES]);
/* Case, blanks and hyphens do not count. */
enum status code_parse(struct span in, uint8_t salt[SALT_BYTES], struct refusal *why) MUST_CHECK;

/* A tlog-proof whose `extra` line is the leaf. */
struct receipt {
    struct leaf leaf;
    uint64_t index;
    struct merkle_path path;
    struct span note; /* the signed checkpoint */
};

/* Appends the file: OK, or as buf_add. */
enum status receipt_format(const struct receipt *r, struct buf *out) MUST_CHECK;
/* The form alone; nothing of it is proven before receipt_verify. */
enum status receipt_parse(struct span in, struct receipt *out, struct refusal *why) MUST_CHECK;

/* What somebody says that a receipt is about. */
struct claim {
    struct span code; /* as it was noted down */
    struct statement said;
};

/* What a receipt proves. */
struct receipt_facts {
    struct leaf leaf;  /* something was recorded in that second */
    bool claim_proven; /* and it was the claim, word for word */
    uint64_t index;    /* as entry `index` of the log of this checkpoint */
    struct checkpoint checkpoint;
    struct note note; /* for note_verify with the keys of witnesses */
};

/* Checks form, the log's signature (its key's name must be the origin), inclusion, and the claim
 * (may be NULL). OK; REFUSED with why, its byte in `in` (0 where the claim is at fault);
 * NO_MEMORY. */
enum status receipt_verify(struct span in, const struct note_key *log, const struct claim *claim,
                           struct receipt_facts *out, struct refusal *why) MUST_CHECK;

#endif
