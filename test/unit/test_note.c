/* test/unit/test_note.c: signatures, keys, notes, cosignatures, checkpoints and receipts.
 *
 * Known answers: RFC 8032 section 7.1, the example notes in the C2SP specifications.
 */
#include "base/base.h"
#include "proof/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define DASH         "\xe2\x80\x94 "

/* --- Ed25519 --------------------------------------------------------------------------------- */

static const struct {
    const char *seed, *public_key, *text, *signature; /* in hex */
} rfc_8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

static void from_hex(const char *hex, void *out, size_t n)
{
    assert_true(hex_decode(span_of(hex), out, n));
}

static void signatures_of_rfc_8032(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(rfc_8032); i++) {
        struct secret seed;
        struct sign_key key;
        uint8_t expected[SIGNATURE_BYTES], made[SIGNATURE_BYTES], text[2];
        struct span message = {(const char *)text, strlen(rfc_8032[i].text) / 2};
        from_hex(rfc_8032[i].seed, seed.bytes, sizeof seed.bytes);
        from_hex(rfc_8032[i].signature, expected, sizeof expected);
        from_hex(rfc_8032[i].text, text, message.n);
        secret_sign_from_seed(&seed, &key);
        char public_key[2 * SIGN_PUBLIC_BYTES + 1];
        hex_encode(key.public_key, sizeof key.public_key, public_key);
        assert_string_equal(public_key, rfc_8032[i].public_key);
        secret_sign(&key, message, made);
        assert_memory_equal(made, expected, sizeof made);
        assert_true(secret_verify(key.public_key, message, made));
    }
}

static void a_new_key_signs_what_it_verifies(void **unused)
{
    (void)unused;
    struct sign_key a, b;
    uint8_t signature[SIGNATURE_BYTES];
    secret_sign_new(&a);
    secret_sign_new(&b);
    secret_sign(&a, SPAN("text"), signature);
    assert_true(secret_verify(a.public_key, SPAN("text"), signature));
    assert_false(secret_verify(b.public_key, SPAN("text"), signature));
    assert_false(secret_verify(a.public_key, SPAN("test"), signature));
    for (unsigned bit = 0; bit < 8 * SIGNATURE_BYTES; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(secret_verify(a.public_key, SPAN("text"), signature));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* S + L verifies for those who do not reduce it: one signature would have two spellings. */
static void an_unreduced_signature_is_refused(void **unused)
{
    (void)unused;
    uint8_t order[32], signature[SIGNATURE_BYTES], public_key[SIGN_PUBLIC_BYTES];
    unsigned carry = 0;
    from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", order, 32);
    from_hex(rfc_8032[0].signature, signature, sizeof signature);
    from_hex(rfc_8032[0].public_key, public_key, sizeof public_key);
    assert_true(secret_verify(public_key, SPAN(""), signature));
    for (size_t i = 0; i < sizeof order; i++) {
        carry += (unsigned)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_false(secret_verify(public_key, SPAN(""), signature));
}

/* With a key of small order one signature would fit many texts. The last two encode y = 1 with a
 * sign that x = 0 has not, and y = p + 1. */
static void keys_of_small_order_are_refused(void **unused)
{
    (void)unused;
    static const char *const keys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    uint8_t signature[SIGNATURE_BYTES] = {1}, key[SIGN_PUBLIC_BYTES];
    for (size_t i = 0; i < COUNT(keys); i++) {
        from_hex(keys[i], key, sizeof key);
        assert_false(secret_verify(key, SPAN("any text"), signature));
    }
}

/* --- keys of notes ---------------------------------------------------------------------------- */

#define FOO_KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_NOTE                                                                                   \
    "This is an example message.\n\n" DASH "example.com/foo "                                      \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=" \
    "\n"

static void the_example_key_reads_as_it_is_written(void **unused)
{
    (void)unused;
    struct note_key key;
    char text[NOTE_KEY_TEXT_BYTES];
    assert_int_equal(note_key_parse(SPAN(FOO_KEY), &key, NULL), OK);
    assert_string_equal(key.name, "example.com/foo");
    assert_int_equal(key.type, NOTE_ED25519);
    note_key_format(&key, text);
    assert_string_equal(text, FOO_KEY);
}

static void other_keys_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "name+id+key"},
        {"example.com/foo", "name+id+key"},
        {"example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "name+id+key"},
        {"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "id"},
        {"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "id"},
        {"example.com/fob+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "id"},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k=", "Base64"},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==", "33 bytes"},
        {"example.com/foo+530d903a+A+kyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "type"},
        {"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "name"},
        {"example com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "name"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct note_key key;
        struct refusal why = {0};
        if (note_key_parse(span_of(cases[i].text), &key, &why) != REFUSED)
            fail_msg("%s was read", cases[i].text);
        if (!strstr(why.what, cases[i].why))
            fail_msg("%s: %s", cases[i].text, why.what);
        assert_true(why.offset <= strlen(cases[i].text));
    }
}

static void names_of_keys(void **unused)
{
    (void)unused;
    const struct {
        struct span name;
        enum status status;
    } cases[] = {
        {SPAN("log.example.com"), OK},
        {SPAN("\xc3\xa9.example/\xe2\x80\x94"), OK},
        {SPAN(""), REFUSED},
        {SPAN("a+b"), REFUSED},
        {SPAN("a b"), REFUSED},
        {SPAN("a\tb"), REFUSED},
        {SPAN("a\nb"), REFUSED},
        {SPAN("a\0b"), REFUSED},
        {SPAN("a\xc2\xa0"), REFUSED},     /* no-break space */
        {SPAN("a\xc2\x85"), REFUSED},     /* next line */
        {SPAN("a\xe2\x80\xa8"), REFUSED}, /* line separator */
        {SPAN("a\xe3\x80\x80"), REFUSED}, /* ideographic space */
        {SPAN("a\xff"), REFUSED},
    };
    uint8_t public_key[SIGN_PUBLIC_BYTES] = {1};
    char longest[NOTE_NAME_MAX + 1];
    struct note_key key;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(note_key_make(cases[i].name, NOTE_ED25519, public_key, &key, NULL),
                         cases[i].status);
    memset(longest, 'n', sizeof longest);
    struct span name = {longest, NOTE_NAME_MAX};
    assert_int_equal(note_key_make(name, NOTE_ED25519, public_key, &key, NULL), OK);
    char text[NOTE_KEY_TEXT_BYTES];
    note_key_format(&key, text);
    assert_int_equal(note_key_parse(span_of(text), &key, NULL), OK);
    name.n++;
    assert_int_equal(note_key_make(name, NOTE_ED25519, public_key, &key, NULL), REFUSED);
}

/* --- notes ------------------------------------------------------------------------------------ */

static enum status verify(struct span text, const struct note_key *key, struct refusal *why)
{
    struct note note;
    enum status s = note_parse(text, &note, why);
    return s == OK ? note_verify(&note, key, NULL, why) : s;
}

static void the_example_note_is_signed_by_its_key(void **unused)
{
    (void)unused;
    struct note_key key, other;
    struct note note;
    assert_int_equal(note_key_parse(SPAN(FOO_KEY), &key, NULL), OK);
    assert_int_equal(note_parse(SPAN(FOO_NOTE), &note, NULL), OK);
    assert_true(span_eq(note.text, SPAN("This is an example message.\n")));
    assert_int_equal(note.count, 1);
    assert_int_equal(note_verify(&note, &key, NULL, NULL), OK);
    assert_int_equal(
        note_key_make(SPAN("example.com/bar"), NOTE_ED25519, key.public_key, &other, NULL), OK);
    assert_int_equal(note_verify(&note, &other, NULL, NULL), NOT_FOUND);
}

static void other_texts_are_no_notes(void **unused)
{
    (void)unused;
#define SIGNED DASH "a AAAAAAA=\n"
    const struct {
        struct span text;
        const char *why;
    } cases[] = {
        {SPAN(""), "empty line"},
        {SPAN("text\n"), "empty line"},
        {SPAN("text\n\n"), "no signature"},
        {SPAN("text\n" SIGNED), "empty line"},
        {SPAN("text\n\n" SIGNED "\n"), "no signature"},
        {SPAN("text\n\n" SIGNED "more\n"), "no signature line"},
        {SPAN("text\n\n" DASH "a AAAAAAA="), "no signature line"},
        {SPAN("text\n\n- a AAAAAAA=\n"), "no signature line"},
        {SPAN("text\n\n" DASH "a  AAAAAAA=\n"), "no signature line"},
        {SPAN("text\n\n" DASH " AAAAAAA=\n"), "no signature line"},
        {SPAN("text\n\n" DASH "a+b AAAAAAA=\n"), "no signature line"},
        {SPAN("text\n\n" DASH "a AAAAAAA\n"), "no signature line"},
        {SPAN("text\n\n" DASH "a AAAAAAB=\n"), "no signature line"}, /* unused bits */
        {SPAN("text\n\n" DASH "a AAAAAA==\n"), "no signature line"}, /* an id alone */
        {SPAN("text\n\n" DASH "a AAAAAAA= \n"), "no signature line"},
        {SPAN("te\txt\n\n" SIGNED), "control"},
        {SPAN("text\r\n\r\n" SIGNED), "control"},
        {SPAN("te\0xt\n\n" SIGNED), "control"},
        {SPAN("te\xc0\x80xt\n\n" SIGNED), "UTF-8"},
    };
    struct note note;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct refusal why = {0};
        if (note_parse(cases[i].text, &note, &why) != REFUSED)
            fail_msg("case %zu was read", i);
        if (!strstr(why.what, cases[i].why))
            fail_msg("case %zu: %s", i, why.what);
        assert_true(why.offset <= cases[i].text.n);
    }
    assert_int_equal(note_parse(SPAN("text\n\n" SIGNED), &note, NULL), OK);
    assert_int_equal(note_parse(SPAN("two\n\nparts\n\n" SIGNED SIGNED), &note, NULL), OK);
    assert_true(span_eq(note.text, SPAN("two\n\nparts\n")));
    assert_int_equal(note.count, 2);
}

static struct sign_key signer;
static struct note_key log_key, witness_key;

static int make_keys(void **unused)
{
    (void)unused;
    struct secret seed = {{7}};
    secret_sign_from_seed(&seed, &signer);
    return note_key_make(SPAN("log.example.com"), NOTE_ED25519, signer.public_key, &log_key,
                         NULL) != OK ||
           note_key_make(SPAN("witness.example.com"), NOTE_COSIGNATURE, signer.public_key,
                         &witness_key, NULL) != OK;
}

static void signatures_are_counted_up_to_a_limit(void **unused)
{
    (void)unused;
    struct buf text = BUF_INIT(NOTE_BYTES_MAX + 1);
    struct note note;
    assert_true(NOTE_SIGNATURES_MAX >= 16);
    assert_int_equal(buf_add_text(&text, "text\n\n"), OK);
    for (size_t i = 1; i <= NOTE_SIGNATURES_MAX + 1; i++) {
        assert_int_equal(buf_add_text(&text, SIGNED), OK);
        assert_int_equal(note_parse(buf_span(&text), &note, NULL),
                         i <= NOTE_SIGNATURES_MAX ? OK : REFUSED);
    }
    buf_free(&text);
}

static void a_note_of_any_length_has_a_limit(void **unused)
{
    (void)unused;
    static char text[NOTE_BYTES_MAX + 1];
    struct note note;
    struct refusal why;
    memset(text, 'n', sizeof text);
    assert_int_equal(note_parse((struct span){text, sizeof text}, &note, &why), REFUSED);
    assert_non_null(strstr(why.what, "too long"));
}

/* Text, newline and one signature by the log; `more` lines stand before it. */
static void sign_note(struct buf *out, const char *text, const char *more)
{
    buf_clear(out);
    (void)buf_add_text(out, text);
    (void)buf_add_char(out, '\n');
    (void)buf_add_text(out, more);
    assert_int_equal(note_sign(span_of(text), &log_key, &signer, out), OK);
}

static void a_signed_note_verifies_beside_unknown_signatures(void **unused)
{
    (void)unused;
    struct buf note = BUF_INIT(4096);
    sign_note(&note, "text\n", "");
    assert_int_equal(verify(buf_span(&note), &log_key, NULL), OK);
    /* another name; our name with another id */
    sign_note(&note, "text\n", SIGNED DASH "log.example.com AAAAAAA=\n");
    assert_int_equal(verify(buf_span(&note), &log_key, NULL), OK);
    assert_int_equal(verify(buf_span(&note), &witness_key, NULL), NOT_FOUND);
    buf_free(&note);
}

static void no_bit_of_a_signed_note_can_change(void **unused)
{
    (void)unused;
    struct buf note = BUF_INIT(4096);
    sign_note(&note, "text\n", "");
    for (size_t bit = 0; bit < 8 * note.n; bit++) {
        note.p[bit / 8] = (char)(note.p[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(verify(buf_span(&note), &log_key, NULL), OK);
        note.p[bit / 8] = (char)(note.p[bit / 8] ^ 1 << bit % 8);
    }
    buf_free(&note);
}

static void a_false_signature_by_a_known_key_spoils_the_note(void **unused)
{
    (void)unused;
    struct buf note = BUF_INIT(4096), line = BUF_INIT(4096);
    struct refusal why;
    assert_int_equal(note_sign(SPAN("other\n"), &log_key, &signer, &line), OK);
    (void)buf_terminate(&line);
    sign_note(&note, "text\n", line.p);
    assert_int_equal(verify(buf_span(&note), &log_key, &why), REFUSED);
    assert_non_null(strstr(why.what, "false"));
    assert_int_equal(why.offset, 6);
    buf_clear(&line);
    assert_int_equal(note_sign(SPAN("text\n"), &log_key, &signer, &line), OK);
    (void)buf_terminate(&line);
    sign_note(&note, "text\n", line.p);
    assert_int_equal(verify(buf_span(&note), &log_key, &why), REFUSED);
    assert_non_null(strstr(why.what, "twice"));
    buf_free(&line);
    buf_free(&note);
}

static void what_is_no_note_is_not_signed(void **unused)
{
    (void)unused;
    const struct span texts[] = {SPAN(""), SPAN("text"), SPAN("te\rxt\n"), SPAN("\xff\n")};
    struct buf out = BUF_INIT(4096), small = BUF_INIT(40);
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(note_sign(texts[i], &log_key, &signer, &out), REFUSED);
    assert_int_equal(note_sign(SPAN("text\n"), &witness_key, &signer, &out), REFUSED);
    assert_int_equal(out.n, 0);
    assert_int_equal(note_sign(SPAN("text\n"), &log_key, &signer, &small), NO_SPACE);
    assert_int_equal(small.n, 0);
    buf_free(&out);
    buf_free(&small);
}

/* --- checkpoints and cosignatures ---------------------------------------------------------------
 */

#define ROOT       "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define SEA_TEXT   "example.com/behind-the-sofa\n20852163\n" ROOT "\n"

static void a_checkpoint_reads_as_it_is_written(void **unused)
{
    (void)unused;
    static const char *const texts[] = {SEA_TEXT, "o\n0\n" EMPTY_ROOT "\n",
                                        "o o+\n18446744073709551615\n" ROOT "\n",
                                        "o\n1\n" ROOT "\nmore\nand more\n"};
    struct buf out = BUF_INIT(4096);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct checkpoint c;
        buf_clear(&out);
        assert_int_equal(checkpoint_parse(span_of(texts[i]), &c, NULL), OK);
        assert_int_equal(checkpoint_format(&c, &out), OK);
        assert_true(span_eq(buf_span(&out), span_of(texts[i])));
    }
    buf_free(&out);
}

static void other_checkpoints_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = {
        {"", 0},
        {"\n1\n" ROOT "\n", 0},
        {"o\n\n" ROOT "\n", 2},
        {"o\n01\n" ROOT "\n", 2},
        {"o\n+1\n" ROOT "\n", 2},
        {"o\n 1\n" ROOT "\n", 2},
        {"o\n18446744073709551616\n" ROOT "\n", 2},
        {"o\n1\nAAAA\n", 4},
        {"o\n1\n" ROOT ROOT "\n", 4},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", 4},
        {"o\n1\n" ROOT, 4},
        {"o\n0\n" ROOT "\n", 4},
        {"o\n1\n" ROOT "\n\n", 49},
        {"o\n1\n" ROOT "\nmore", 49},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct checkpoint c;
        struct refusal why = {0};
        if (checkpoint_parse(span_of(cases[i].text), &c, &why) != REFUSED)
            fail_msg("case %zu was read", i);
        assert_int_equal(why.offset, cases[i].offset);
    }
}

static void no_checkpoint_is_written_that_would_not_be_read(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    struct checkpoint c = {.origin = SPAN("a\nb"), .size = 1};
    assert_int_equal(checkpoint_format(&c, &out), REFUSED);
    c.origin = SPAN("");
    assert_int_equal(checkpoint_format(&c, &out), REFUSED);
    c = (struct checkpoint){.origin = SPAN("o"), .size = 1, .extensions = SPAN("x\n\n")};
    assert_int_equal(checkpoint_format(&c, &out), REFUSED);
    c = (struct checkpoint){.origin = SPAN("o"), .size = 0};
    assert_int_equal(checkpoint_format(&c, &out), REFUSED);
    assert_int_equal(out.n, 0);
    buf_free(&out);
}

static void the_example_cosignature_has_form_and_place(void **unused)
{
    (void)unused;
    struct note note;
    struct checkpoint c;
    assert_int_equal(
        note_parse(SPAN(SEA_TEXT "\n" DASH "example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1My"
                                 "q/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ"
                                 "8=\n" DASH "witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDo"
                                 "e9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkB"
                                 "IfZ+qnA==\n"),
                   &note, NULL),
        OK);
    assert_int_equal(note.count, 2);
    assert_int_equal(checkpoint_parse(note.text, &c, NULL), OK);
    assert_int_equal(c.size, 20852163);
}

static void a_cosignature_tells_its_time(void **unused)
{
    (void)unused;
    static const uint64_t times[] = {0, 1679315147, INT64_MAX};
    for (size_t i = 0; i < COUNT(times); i++) {
        struct buf out = BUF_INIT(4096);
        struct note note;
        uint64_t seconds = 1;
        (void)buf_add_text(&out, SEA_TEXT "\n");
        assert_int_equal(note_cosign(SPAN(SEA_TEXT), &witness_key, &signer, times[i], &out), OK);
        assert_int_equal(note_parse(buf_span(&out), &note, NULL), OK);
        assert_int_equal(note_verify(&note, &witness_key, &seconds, NULL), OK);
        assert_int_equal(seconds, times[i]);
        assert_int_equal(note_verify(&note, &log_key, NULL, NULL), NOT_FOUND);
        buf_free(&out);
    }
}

/* What the specification says is signed, put together by hand. */
static void a_cosignature_signs_time_and_checkpoint(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    uint8_t payload[76], signature[SIGNATURE_BYTES];
    size_t n, name = sizeof DASH - 1 + strlen("witness.example.com ");
    assert_int_equal(note_cosign(SPAN(SEA_TEXT), &witness_key, &signer, 1679315147, &out), OK);
    struct span base64 = span_cut(span_from(buf_span(&out), name), out.n - name - 1);
    assert_true(base64_canonical_decode(base64, payload, sizeof payload, &n));
    assert_int_equal(n, sizeof payload);
    assert_memory_equal(payload, witness_key.id, 4);
    assert_memory_equal(payload + 4, "\0\0\0\0\x64\x18\x50\xcb", 8);
    secret_sign(&signer, SPAN("cosignature/v1\ntime 1679315147\n" SEA_TEXT), signature);
    assert_memory_equal(payload + 12, signature, sizeof signature);
    buf_free(&out);
}

static void no_bit_of_a_cosigned_checkpoint_can_change(void **unused)
{
    (void)unused;
    struct buf note = BUF_INIT(4096);
    (void)buf_add_text(&note, SEA_TEXT "\n");
    assert_int_equal(note_cosign(SPAN(SEA_TEXT), &witness_key, &signer, 1679315147, &note), OK);
    for (size_t bit = 0; bit < 8 * note.n; bit++) {
        note.p[bit / 8] = (char)(note.p[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(verify(buf_span(&note), &witness_key, NULL), OK);
        note.p[bit / 8] = (char)(note.p[bit / 8] ^ 1 << bit % 8);
    }
    buf_free(&note);
}

/* Rightly signed, and yet the format has no such time. */
static void a_cosignature_behind_the_end_of_time_is_refused(void **unused)
{
    (void)unused;
    struct buf note = BUF_INIT(4096);
    uint8_t payload[76] = {0};
    memcpy(payload, witness_key.id, sizeof witness_key.id);
    payload[4] = 0x80;
    secret_sign(&signer, SPAN("cosignature/v1\ntime 9223372036854775808\n" SEA_TEXT), payload + 12);
    (void)buf_add_text(&note, SEA_TEXT "\n" DASH "witness.example.com ");
    (void)base64_canonical_add(&note, payload, sizeof payload);
    (void)buf_add_char(&note, '\n');
    assert_int_equal(verify(buf_span(&note), &witness_key, NULL), REFUSED);
    buf_free(&note);
}

static void a_witness_signs_checkpoints_alone(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    uint64_t late = (uint64_t)INT64_MAX + 1;
    assert_int_equal(note_cosign(SPAN("text\n"), &witness_key, &signer, 1, &out), REFUSED);
    assert_int_equal(note_cosign(SPAN(SEA_TEXT), &log_key, &signer, 1, &out), REFUSED);
    assert_int_equal(note_cosign(SPAN(SEA_TEXT), &witness_key, &signer, late, &out), REFUSED);
    assert_int_equal(out.n, 0);
    buf_free(&out);
}

/* --- receipts --------------------------------------------------------------------------------- */

static const char event_text[] = "optout/event/v1\nout\nemail:acme/news\njane@example.com\ncli\n-\n"
                                 "1764000000000001\n1764000000999999\n1\n";
static const uint8_t salt[SALT_BYTES] = {1, 2, 3, [31] = 255};

enum { LOG_SIZE = 11, OURS = 6 };
static struct merkle_hash log_leaves[LOG_SIZE];

static enum status get_log(void *unused, unsigned level, uint64_t index, struct merkle_hash *out)
{
    (void)unused;
    *out = log_leaves[index << level];
    struct frontier f = {0};
    for (uint64_t i = 0; i < UINT64_C(1) << level; i++)
        (void)frontier_append(&f, &log_leaves[(index << level) + i], NULL);
    *out = frontier_root(&f);
    return OK;
}

/* A log of LOG_SIZE leaves, of which number OURS commits to event_text; its receipt. */
static void make_receipt(struct buf *out, const char *origin)
{
    char text[LEAF_BYTES];
    struct buf note = BUF_INIT(4096);
    struct receipt r = {.leaf = {LEAF_RECORD, 1764000000, {0}}, .index = OURS};
    struct checkpoint c = {.origin = span_of(origin), .size = LOG_SIZE};
    commitment_make(salt, span_of(event_text), r.leaf.commitment);
    for (size_t i = 0; i < LOG_SIZE; i++) {
        struct leaf leaf = {LEAF_RECORD, i, {(uint8_t)i}};
        if (i == OURS)
            leaf = r.leaf;
        log_leaves[i] = merkle_leaf((struct span){text, leaf_format(&leaf, text)});
    }
    assert_int_equal(merkle_root(get_log, NULL, LOG_SIZE, &c.root), OK);
    assert_int_equal(merkle_prove_inclusion(get_log, NULL, OURS, LOG_SIZE, &r.path), OK);
    assert_int_equal(checkpoint_format(&c, &note), OK);
    size_t n = note.n;
    (void)buf_add_char(&note, '\n');
    assert_int_equal(buf_reserve(&note, 1024), OK);
    assert_int_equal(note_sign(span_cut(buf_span(&note), n), &log_key, &signer, &note), OK);
    r.note = buf_span(&note);
    buf_clear(out);
    assert_int_equal(receipt_format(&r, out), OK);
    buf_free(&note);
}

static void a_receipt_proves_that_something_was_recorded(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    struct receipt_facts facts;
    make_receipt(&out, "log.example.com");
    assert_int_equal(receipt_verify(buf_span(&out), &log_key, NULL, &facts, NULL), OK);
    assert_int_equal(facts.index, OURS);
    assert_int_equal(facts.leaf.recorded_s, 1764000000);
    assert_int_equal(facts.checkpoint.size, LOG_SIZE);
    assert_false(facts.claim_proven);
    buf_free(&out);
}

static void a_receipt_tells_nothing_of_the_person(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    make_receipt(&out, "log.example.com");
    assert_null(memmem(out.p, out.n, "jane", 4));
    assert_true(out.n < 1024);
    buf_free(&out);
}

static void code_and_statement_prove_what_was_recorded(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    struct receipt_facts facts;
    struct refusal why = {0};
    char code[CODE_BYTES];
    struct claim claim = {.code = {code, CODE_CHARS}};
    code_format(salt, code);
    make_receipt(&out, "log.example.com");
    assert_int_equal(statement_parse(span_of(event_text), &claim.said, NULL), OK);
    assert_int_equal(receipt_verify(buf_span(&out), &log_key, &claim, &facts, NULL), OK);
    assert_true(facts.claim_proven);
    claim.said.who = SPAN("joan@example.com");
    assert_int_equal(receipt_verify(buf_span(&out), &log_key, &claim, &facts, &why), REFUSED);
    assert_non_null(strstr(why.what, "commits to something else"));
    assert_false(facts.claim_proven);
    claim.code.n--;
    assert_int_equal(receipt_verify(buf_span(&out), &log_key, &claim, &facts, &why), REFUSED);
    assert_non_null(strstr(why.what, "fewer"));
    buf_free(&out);
}

static void no_bit_of_a_receipt_can_change(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    struct receipt_facts facts;
    struct refusal why;
    make_receipt(&out, "log.example.com");
    for (size_t bit = 0; bit < 8 * out.n; bit++) {
        out.p[bit / 8] = (char)(out.p[bit / 8] ^ 1 << bit % 8);
        why = (struct refusal){0};
        assert_int_equal(receipt_verify(buf_span(&out), &log_key, NULL, &facts, &why), REFUSED);
        assert_non_null(why.what);
        assert_true(why.offset <= out.n);
        out.p[bit / 8] = (char)(out.p[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t n = 0; n < out.n; n++)
        assert_int_equal(receipt_verify(span_cut(buf_span(&out), n), &log_key, NULL, &facts, NULL),
                         REFUSED);
    buf_free(&out);
}

static void receipts_of_other_logs_and_keys_are_refused(void **unused)
{
    (void)unused;
    struct buf out = BUF_INIT(4096);
    struct receipt_facts facts;
    struct refusal why;
    struct sign_key stranger;
    struct note_key key;
    make_receipt(&out, "other.example.com");
    assert_int_equal(receipt_verify(buf_span(&out), &log_key, NULL, &facts, &why), REFUSED);
    assert_non_null(strstr(why.what, "another log"));
    make_receipt(&out, "log.example.com");
    secret_sign_new(&stranger);
    assert_int_equal(
        note_key_make(SPAN("log.example.com"), NOTE_ED25519, stranger.public_key, &key, NULL), OK);
    assert_int_equal(receipt_verify(buf_span(&out), &key, NULL, &facts, &why), REFUSED);
    assert_non_null(strstr(why.what, "not signed by this key"));
    buf_free(&out);
}

static void other_receipts_are_refused(void **unused)
{
    (void)unused;
#define LEAF_64                                                                                    \
    "b3B0b3V0L2xlYWYvdjEKcmVjCjEKQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQT0K"
#define HEAD "c2sp.org/tlog-proof@v1\nextra " LEAF_64 "\n"
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "begins with"},
        {"c2sp.org/tlog-proof@v2\n", "begins with"},
        {"c2sp.org/tlog-proof@v1\n", "before its leaf"},
        {"c2sp.org/tlog-proof@v1\nindex 0\n\n", "no line with the leaf"},
        {"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n", "leaf begins"},
        {"c2sp.org/tlog-proof@v1\nextra b3B\nindex 0\n\n", "Base64"},
        {"c2sp.org/tlog-proof@v1\nextra b3B0\nindex 0\n\n", "leaf begins"},
        {HEAD, "index"},
        {HEAD "index 00\n\n", "index"},
        {HEAD "index -1\n\n", "index"},
        {HEAD "index 18446744073709551616\n\n", "index"},
        {HEAD "index 0\n", "before its checkpoint"},
        {HEAD "index 0\n" ROOT "\n", "before its checkpoint"},
        {HEAD "index 0\nAAAA\n\n", "path"},
        {HEAD "index 0\n" ROOT " \n\n", "path"},
    };
    struct receipt r;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct refusal why = {0};
        if (receipt_parse(span_of(cases[i].text), &r, &why) != REFUSED)
            fail_msg("case %zu was read", i);
        if (!strstr(why.what, cases[i].why))
            fail_msg("case %zu: %s", i, why.what);
        assert_true(why.offset <= strlen(cases[i].text));
    }
    assert_int_equal(receipt_parse(SPAN(HEAD "index 0\n\nnote"), &r, NULL), OK);
    assert_true(span_eq(r.note, SPAN("note")));
}

static void a_path_has_at_most_64_hashes(void **unused)
{
    (void)unused;
    struct buf text = BUF_INIT(1 << 14);
    struct receipt r = {.path.n = MERKLE_LEVELS};
    assert_int_equal(receipt_format(&r, &text), OK);
    assert_int_equal(receipt_parse(buf_span(&text), &r, NULL), OK);
    r.path.n++;
    buf_clear(&text);
    assert_int_equal(receipt_format(&r, &text), OK);
    assert_int_equal(receipt_parse(buf_span(&text), &r, NULL), REFUSED);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_rfc_8032),
        cmocka_unit_test(a_new_key_signs_what_it_verifies),
        cmocka_unit_test(an_unreduced_signature_is_refused),
        cmocka_unit_test(keys_of_small_order_are_refused),
        cmocka_unit_test(the_example_key_reads_as_it_is_written),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(names_of_keys),
        cmocka_unit_test(the_example_note_is_signed_by_its_key),
        cmocka_unit_test(other_texts_are_no_notes),
        cmocka_unit_test(signatures_are_counted_up_to_a_limit),
        cmocka_unit_test(a_note_of_any_length_has_a_limit),
        cmocka_unit_test(a_signed_note_verifies_beside_unknown_signatures),
        cmocka_unit_test(no_bit_of_a_signed_note_can_change),
        cmocka_unit_test(a_false_signature_by_a_known_key_spoils_the_note),
        cmocka_unit_test(what_is_no_note_is_not_signed),
        cmocka_unit_test(a_checkpoint_reads_as_it_is_written),
        cmocka_unit_test(other_checkpoints_are_refused),
        cmocka_unit_test(no_checkpoint_is_written_that_would_not_be_read),
        cmocka_unit_test(the_example_cosignature_has_form_and_place),
        cmocka_unit_test(a_cosignature_tells_its_time),
        cmocka_unit_test(a_cosignature_signs_time_and_checkpoint),
        cmocka_unit_test(no_bit_of_a_cosigned_checkpoint_can_change),
        cmocka_unit_test(a_cosignature_behind_the_end_of_time_is_refused),
        cmocka_unit_test(a_witness_signs_checkpoints_alone),
        cmocka_unit_test(a_receipt_proves_that_something_was_recorded),
        cmocka_unit_test(a_receipt_tells_nothing_of_the_person),
        cmocka_unit_test(code_and_statement_prove_what_was_recorded),
        cmocka_unit_test(no_bit_of_a_receipt_can_change),
        cmocka_unit_test(receipts_of_other_logs_and_keys_are_refused),
        cmocka_unit_test(other_receipts_are_refused),
        cmocka_unit_test(a_path_has_at_most_64_hashes),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
