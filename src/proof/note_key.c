/* src/proof/note_key.c: key names, key ids and the vkey form (C2SP signed-note). */
#include "proof/note_line.h"

#include <stdio.h>

enum { ID_HEX = 2 * NOTE_KEY_ID_BYTES, TYPED_KEY_BYTES = 1 + SIGN_PUBLIC_BYTES };

/* Unicode's White_Space, but for the controls, which are refused anyhow. */
static bool is_space(uint32_t c)
{
    return c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool note_name_valid(struct span name)
{
    if (name.n == 0 || !line_clean(name))
        return false;
    for (size_t at = 0; at < name.n;) {
        uint32_t c = utf8_next(name, &at);
        if (c == '+' || is_space(c))
            return false;
    }
    return true;
}

/* type || public key, as it stands in the vkey. */
static void typed_key(const struct note_key *key, uint8_t out[TYPED_KEY_BYTES])
{
    out[0] = (uint8_t)key->type;
    memcpy(out + 1, key->public_key, SIGN_PUBLIC_BYTES);
}

static void derive_id(struct note_key *key)
{
    uint8_t text[NOTE_NAME_MAX + 1 + TYPED_KEY_BYTES], digest[SHA256_BYTES];
    size_t n = strlen(key->name);
    memcpy(text, key->name, n);
    text[n++] = '\n';
    typed_key(key, text + n);
    hash_digest(HASH_SHA256, (struct span){(const char *)text, n + TYPED_KEY_BYTES}, digest);
    memcpy(key->id, digest, sizeof key->id);
}

enum status note_key_make(struct span name, enum note_key_type type,
                          const uint8_t public_key[SIGN_PUBLIC_BYTES], struct note_key *out,
                          struct refusal *why)
{
    if (name.n > NOTE_NAME_MAX)
        return refuse(why, "a key's name has at most 255 bytes", NOTE_NAME_MAX);
    if (!note_name_valid(name))
        return refuse(why, "a key's name is not empty and has no space, control or plus", 0);
    if (type != NOTE_ED25519 && type != NOTE_COSIGNATURE)
        return refuse(why, "keys of this type are not known here", 0);
    *out = (struct note_key){.type = type};
    memcpy(out->name, name.p, name.n);
    memcpy(out->public_key, public_key, SIGN_PUBLIC_BYTES);
    derive_id(out);
    return OK;
}

enum status note_key_parse(struct span vkey, struct note_key *out, struct refusal *why)
{
    struct span name = span_cut(vkey, span_find(vkey, '+'));
    struct span id = span_cut(span_from(vkey, name.n + 1), ID_HEX);
    size_t at = name.n + 1 + ID_HEX, n = 0;
    uint8_t typed[TYPED_KEY_BYTES];
    char hex[ID_HEX + 1];
    if (vkey.n <= at || vkey.p[at] != '+')
        return refuse(why, "a verifier key has the form name+id+key, an id of 8 hex digits", 0);
    if (!base64_canonical_decode(span_from(vkey, at + 1), typed, sizeof typed, &n) ||
        n != sizeof typed)
        return refuse(why, "a verifier key ends with 33 bytes in Base64", at + 1);
    enum status s = note_key_make(name, (enum note_key_type)typed[0], typed + 1, out, why);
    if (s != OK)
        return s;
    hex_encode(out->id, sizeof out->id, hex);
    if (!span_eq(id, span_of(hex)))
        return refuse(why, "the id in the verifier key is not this key's", name.n + 1);
    return OK;
}

void note_key_format(const struct note_key *key, char out[NOTE_KEY_TEXT_BYTES])
{
    uint8_t typed[TYPED_KEY_BYTES];
    char hex[ID_HEX + 1], base64[MERKLE_HASH_TEXT_BYTES + 1];
    typed_key(key, typed);
    hex_encode(key->id, sizeof key->id, hex);
    base64_canonical_encode(typed, sizeof typed, base64);
    (void)snprintf(out, NOTE_KEY_TEXT_BYTES, "%s+%s+%s", key->name, hex, base64);
}
