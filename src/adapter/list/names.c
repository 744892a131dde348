/* src/adapter/list/names.c: what columns are called, and finding one by its name.
 *
 * Names are compared folded: `Email Address`, `email_address`, `E-Mail Address` and
 * `"EMAIL.ADDRESS"` are all `emailaddress`. Lists of folded names are one string, a blank between
 * two, the surest first.
 */
#include "adapter/list/part.h"

const char address_names[] =
    "email emailaddress emailaddr mail mailaddress recipientemail recipientemailaddress "
    "subscriberemail useremail customeremail emailid recipient "
    "phone phonenumber msisdn mobile mobilenumber mobilephone cell cellphone telephone tel "
    "contactid to destination "
    "emailadresse adresseemail adressemail courriel correo correoelectronico correoelectrónico "
    "indirizzoemail "
    "telefon telefonnummer handy handynummer telefono teléfono cellulare telephoneportable "
    "device deviceid idfa gaid aaid maid advertisingid adid "
    "hashedemail emailhash emailsha256 sha256email emailsha1 sha1email emailmd5 md5email "
    "emailsha512 sha512email hashedphone phonesha256 sha256phone "
    "sha256 sha1 md5 sha512 hash digest address";

static bool is_folded_away(char c)
{
    return ascii_is_blank(c) || c == '_' || c == '-' || c == '.' || c == '"' || c == '\'';
}

static bool folds_to(struct span name, struct span folded)
{
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        if (is_folded_away(name.p[i]))
            continue;
        if (n == folded.n || ascii_lower(name.p[i]) != folded.p[n++])
            return false;
    }
    return n == folded.n && n > 0;
}

size_t name_place(struct span name, const char *words)
{
    struct span rest = span_of(words);
    for (size_t place = 1; rest.n; place++) {
        struct span word = span_cut(rest, span_find(rest, ' '));
        if (folds_to(name, word))
            return place;
        rest = span_from(rest, word.n + 1);
    }
    return 0;
}

const struct column *find_column(const struct columns *c, const char *words, bool *twice)
{
    const struct column *best = NULL;
    size_t best_place = 0;
    bool doubled = false;
    for (size_t i = 0; i < c->count; i++) {
        const struct column *here = &c->at[i];
        size_t place = name_place(here->name, words);
        if (place == 0 || (best && best->outer.n == 0 && here->outer.n))
            continue;
        if (best && place == best_place) {
            doubled = true;
        } else if (!best || place < best_place) {
            best = here;
            best_place = place;
            doubled = false;
        }
    }
    if (twice)
        *twice = doubled;
    return best;
}

/* `outer.name`, or the name alone. */
static bool is_called(const struct column *c, struct span wish,
                      bool (*equal)(struct span, struct span))
{
    if (c->outer.n == 0)
        return equal(c->name, wish);
    return wish.n > c->outer.n && wish.p[c->outer.n] == '.' &&
           equal(c->outer, span_cut(wish, c->outer.n)) &&
           equal(c->name, span_from(wish, c->outer.n + 1));
}

const struct column *find_wished(const struct columns *c, struct span wish)
{
    for (size_t i = 0; i < c->count; i++)
        if (is_called(&c->at[i], wish, span_eq))
            return &c->at[i];
    for (size_t i = 0; i < c->count; i++)
        if (is_called(&c->at[i], wish, span_eq_fold))
            return &c->at[i];
    return NULL;
}

static void copy_member(char out[LIST_MEMBER_MAX + 1], struct span name)
{
    name = span_cut(name, LIST_MEMBER_MAX);
    memcpy(out, name.n ? name.p : "", name.n);
    out[name.n] = '\0';
}

struct list_field field_of(const struct column *c)
{
    struct list_field f = {.present = c != NULL};
    if (!c)
        return f;
    f.column = c->number;
    copy_member(f.outer, c->outer);
    copy_member(f.member, c->name);
    return f;
}
