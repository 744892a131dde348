/* cmd/key.c: optout key: bearer keys of the HTTP API, and the copy of the master key.
 *
 * A bearer key is `optout_` and 43 characters of Base64url (256 random bits); what is kept is its
 * SHA-256 with name, role and times, as JSON in a fact of the ledger. It is shown once.
 */
#include "cmd/cmd.h"

#include <stdio.h>

static const char fact_kind[] = "api-key";
enum { KEY_RANDOM_BYTES = 32, KEY_TEXT_BYTES = 64 };

static enum status find_member(struct span text, const char *name, struct buf *out)
{
    struct json object, value;
    enum status s = json_parse(text, &object, NULL);
    if (s == OK)
        s = json_object_find(object, span_of(name), &value);
    if (s == OK && value.type != JSON_STRING)
        s = NOT_FOUND;
    return s == OK ? json_string(value, out) : s;
}

/* Writes 43 characters of unpadded Base64url and a zero. */
static void encode_random(char out[KEY_TEXT_BYTES])
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[KEY_RANDOM_BYTES + 1] = {0};
    size_t n = 0;
    secret_random(random, KEY_RANDOM_BYTES);
    for (size_t bit = 0; bit < 8 * KEY_RANDOM_BYTES; bit += 6) {
        unsigned two = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];
        out[n++] = digit[two >> (10 - bit % 8) & 63];
    }
    out[n] = '\0';
    secret_wipe(random, sizeof random);
}

static enum status store(struct authority *a, struct span name, const char *role,
                         const char *digest, const char *created, const char *revoked,
                         struct problem *why)
{
    struct buf value = BUF_INIT(1024);
    (void)buf_printf(&value,
                     "{\"role\":\"%s\",\"sha256\":\"%s\",\"created\":\"%s\",\"revoked\":", role,
                     digest, created);
    (void)buf_printf(&value, revoked ? "\"%s\"}" : "%snull}", revoked ? revoked : "");
    enum status s = buf_status(&value);
    if (s == OK)
        s = authority_fact_put(a, fact_kind, name, buf_span(&value), why);
    buf_free(&value);
    return s;
}

static bool is_role(const char *role)
{
    return role &&
           (strcmp(role, "send") == 0 || strcmp(role, "read") == 0 || strcmp(role, "admin") == 0);
}

static void print_key(const struct context *c, const char *name, const char *role, const char *text)
{
    if (c->json)
        out_printf("{\"name\":\"%s\",\"role\":\"%s\",\"key\":\"%s\"}\n", name, role, text);
    else
        out_printf("%s\n", text);
    say("this is shown once; only its hash is kept");
}

static enum exit_code add(const struct context *c, struct authority *a, const char *name,
                          const char *role)
{
    char text[KEY_TEXT_BYTES] = "optout_", hex[2 * SHA256_BYTES + 1], now[RFC3339_BYTES];
    uint8_t digest[SHA256_BYTES];
    struct problem problem = {{0}};
    struct buf old = BUF_INIT(1024);
    enum status s = authority_fact_get(a, fact_kind, span_of(name), &old, &problem);
    buf_free(&old);
    if (s == OK) {
        say("key add: there is a key %s already; names are not used twice", name);
        return EXIT_BAD_INPUT;
    }
    if (s != NOT_FOUND)
        return say_problem(s, &problem);
    encode_random(text + strlen(text));
    hash_digest(HASH_SHA256, span_of(text), digest);
    hex_encode(digest, sizeof digest, hex);
    rfc3339_format(clock_now_us(), now);
    s = store(a, span_of(name), role, hex, now, NULL, &problem);
    if (s == OK)
        print_key(c, name, role, text);
    secret_wipe(text, sizeof text);
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum status print_listed(void *context, struct span name, struct span value)
{
    const struct context *c = context;
    struct buf role = BUF_INIT(64), created = BUF_INIT(64), revoked = BUF_INIT(64);
    enum status s = find_member(value, "role", &role);
    if (s == OK)
        s = find_member(value, "created", &created);
    if (s == OK && find_member(value, "revoked", &revoked) != OK)
        buf_clear(&revoked);
    struct span gone = buf_span(&revoked);
    if (s == OK && c->json)
        out_printf(
            "{\"name\":\"%.*s\",\"role\":\"%.*s\",\"created\":\"%.*s\",\"revoked\":%s%.*s%s}\n",
            SPAN_ARG(name), SPAN_ARG(buf_span(&role)), SPAN_ARG(buf_span(&created)),
            gone.n ? "\"" : "null", SPAN_ARG(gone), gone.n ? "\"" : "");
    else if (s == OK)
        out_printf("%.*s\t%.*s\t%.*s\t%s%.*s\n", SPAN_ARG(name), SPAN_ARG(buf_span(&role)),
                   SPAN_ARG(buf_span(&created)), gone.n ? "revoked " : "active", SPAN_ARG(gone));
    buf_free(&role);
    buf_free(&created);
    buf_free(&revoked);
    return s;
}

static enum exit_code list(const struct context *c, struct authority *a)
{
    struct problem problem = {{0}};
    struct context copy = *c;
    enum status s = authority_fact_each(a, fact_kind, print_listed, &copy, &problem);
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code revoke(struct authority *a, const char *name)
{
    char now[RFC3339_BYTES];
    struct problem problem = {{0}};
    struct buf old = BUF_INIT(1024), role = BUF_INIT(64), digest = BUF_INIT(128),
               created = BUF_INIT(64);
    enum status s = authority_fact_get(a, fact_kind, span_of(name), &old, &problem);
    if (s == NOT_FOUND)
        s = problem_set(&problem, REFUSED, "key revoke: there is no key %s", name);
    if (s == OK)
        s = find_member(buf_span(&old), "role", &role);
    if (s == OK)
        s = find_member(buf_span(&old), "sha256", &digest);
    if (s == OK)
        s = find_member(buf_span(&old), "created", &created);
    if (s == OK && buf_terminate(&role) == OK && buf_terminate(&digest) == OK &&
        buf_terminate(&created) == OK) {
        rfc3339_format(clock_now_us(), now);
        s = store(a, span_of(name), role.p, digest.p, created.p, now, &problem);
    }
    buf_free(&old);
    buf_free(&role);
    buf_free(&digest);
    buf_free(&created);
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code backup(struct authority *a, const char *path)
{
    struct problem problem = {{0}};
    enum status s = authority_key_backup(a, path, &problem);
    if (s != OK)
        return say_problem(s, &problem);
    say("copied the key to %s; keep it apart from the data directory, and secret.\n"
        "        To restore it, put it back as %s/key with mode 0600.",
        path, authority_dir(a));
    return EXIT_DONE;
}

static bool usage_ok(int n, char **argv, const char *role)
{
    struct word word;
    const char *what = n > 0 ? argv[0] : "";
    bool named = n == 2 && word_parse(span_of(argv[1]), &word, NULL) == OK && word.n;
    if (strcmp(what, "add") == 0) {
        if (named && is_role(role))
            return true;
        say("key add: write key add --role send|read|admin NAME, NAME of letters, digits, '.', "
            "'_' and '-'");
    } else if (strcmp(what, "list") == 0) {
        if (n == 1)
            return true;
        say("key list takes no name");
    } else if (strcmp(what, "revoke") == 0) {
        if (named)
            return true;
        say("key revoke: name one key");
    } else if (strcmp(what, "backup") == 0) {
        if (n == 2)
            return true;
        say("key backup: name the file to write");
    } else {
        say("key: write key add, key list, key revoke or key backup");
    }
    return false;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *role = NULL;
    const struct option_spec specs[] = {{"role", 0, &role, NULL}};
    int n;
    struct authority *a;
    enum options_result o = options_read(c, &verb_key, specs, 1, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_key, o);
    if (!usage_ok(n, argv, role))
        return EXIT_BAD_INPUT;
    bool adds = strcmp(argv[0], "add") == 0;
    enum exit_code code;
    if (open_data(c, adds ? AUTHORITY_WRITE : AUTHORITY_READ, &a, &code) != OK)
        return code;
    if (adds)
        code = add(c, a, argv[1], role);
    else if (strcmp(argv[0], "list") == 0)
        code = list(c, a);
    else if (strcmp(argv[0], "revoke") == 0)
        code = revoke(a, argv[1]);
    else
        code = backup(a, argv[1]);
    authority_close(a);
    return code;
}

const struct verb verb_key = {
    "key", "key add --role send|read|admin NAME | key list | key revoke NAME | key backup FILE",
    "bearer keys of the HTTP API; a safe copy of the master key", run};
