/* src/address/phone.c: phone numbers as people, gateways and spreadsheets write them, read into
 * E.164 or refused.
 *
 * Reading has three steps, each blind to the others:
 *
 *   fold      Unicode to ASCII: digits of all scripts, blanks, dashes, full-width forms
 *   collect   the dialled digits of that text, without punctuation, extension and parameters
 *   resolve   the digits, by the numbering plans, to calling code and national number
 *
 * What a number may be is told by its plan, a row of phone_table.inc:
 *
 *   country   ISO 3166; "" for codes of no country (+800 …)
 *   shortest  digits of its shortest mobile number, or in small plans of any line; fewer, dialled
 *             at home, are a short code
 *   longest   digits of its longest mobile number
 *   code      calling code; rows are sorted by it, the main country of a shared one first
 *   lengths   bit n: a national number may have n digits
 *   shape     the numbers in use now: patterns of leading digits, with the lengths they go with
 *             behind them as letters ('a' is one digit, 'b' two …)
 *   prefix    what stands before a national number dialled at home (trunk prefix, carrier codes),
 *             shortest first
 *   leading   the digits that tell this country from the main one of its calling code
 *   exit      what is dialled at home before a calling code
 *
 * The last four are offsets of lists in plan_text, separated by blanks, in a small language: a
 * digit is itself, `.` any digit, `[2-57]` one of these. In a prefix, `A(B=C` says: when the whole
 * is A and then B, leave out A and put C before B (a number without its area code).
 *
 * A number of a possible length is accepted even when its shape is not known: plans grow, and an
 * opt-out must be recordable. The shape only decides between two readings of the same digits; when
 * it cannot, the number is refused.
 *
 * Invariants: what is read is `+` and 7 to 15 digits, and reads as itself again.
 */
#include "address/phone.h"

/* One row of the table; the head of this file tells its columns. */
struct plan {
    char country[3];
    unsigned shortest : 4, longest : 4;
    uint16_t code, lengths, shape, prefix, leading, exit;
};

#include "address/phone_table.inc"

enum {
    TEXT_MAX = 128,       /* characters of a number as written */
    DIALLED_MAX = 24,     /* digits: an exit code, then the longest number there is */
    E164_MAX = 15,        /* ITU-T E.164 section 6 */
    SHORT_CODE_MAX = 6,   /* digits: none is longer, in any country */
    CALLING_CODE_MAX = 3, /* ITU-T E.164 section 6.2.1 */
    EXTENSION_MAX = 7,    /* digits */
    VANITY_DIGITS = 3,    /* at least so many digits before the letters, as in 1-800 … */
    VANITY_LETTERS = 3,   /* and at least so many letters */
    NANP = 1,             /* the calling code of North America, where letters are dialled */
    ARGENTINA = 54,
    PLANS = sizeof plans / sizeof plans[0]
};

static const char short_code[] = "a short code is a sender, not a subscriber";
static const char sender_word[] = "an alphanumeric sender is not a subscriber";
static const char no_digits[] = "there is no phone number here";
static const char too_long[] = "more digits than any number of its country has";

/* --- patterns ------------------------------------------------------------------------------ */

static bool is_element(char c)
{
    return ascii_is_digit(c) || c == '.' || c == '[';
}

/* Does `digit` match the class at `*p`, which is moved behind it? */
static bool match_class(const char **p, char digit)
{
    bool hit = false;
    const char *e = *p + 1;
    for (; *e != ']'; e++) {
        if (e[1] == '-') {
            hit |= digit >= e[0] && digit <= e[2];
            e += 2;
        } else {
            hit |= digit == *e;
        }
    }
    *p = e + 1;
    return hit;
}

static bool match_element(const char **p, char digit)
{
    if (**p == '[')
        return match_class(p, digit);
    char e = *(*p)++;
    return e == '.' || e == digit;
}

/* Matches the elements at `*p` with the start of `s`. On success *p is at what follows them, and
 * *n is how many digits they took. */
static bool match_run(const char **p, struct span s, size_t *n)
{
    for (*n = 0; is_element(**p); ++*n)
        if (*n == s.n || !match_element(p, s.p[*n]))
            return false;
    return true;
}

/* The next pattern of a list, NULL at its end. */
static const char *next_pattern(const char *p)
{
    while (*p && *p != ' ')
        p++;
    return *p ? p + 1 : NULL;
}

static const char *first_pattern(uint16_t list)
{
    return plan_text[list] ? plan_text + list : NULL;
}

static bool starts_as(uint16_t list, struct span s)
{
    for (const char *p = first_pattern(list); p; p = next_pattern(p)) {
        size_t n;
        const char *at = p;
        if (match_run(&at, s, &n))
            return true;
    }
    return false;
}

static bool has_shape(uint16_t list, struct span s)
{
    for (const char *p = first_pattern(list); p; p = next_pattern(p)) {
        size_t n;
        const char *at = p;
        if (!match_run(&at, s, &n))
            continue;
        for (; *at >= 'a'; at++)
            if ((size_t)(*at - 'a') + 1 == s.n)
                return true;
    }
    return false;
}

/* --- plans --------------------------------------------------------------------------------- */

/* The main country's plan of a calling code, or NULL. */
static const struct plan *plan_of_code(unsigned code)
{
    size_t low = 0, high = PLANS;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (plans[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < PLANS && plans[low].code == code ? &plans[low] : NULL;
}

/* The plan whose calling code `s` starts with; no calling code is the start of another, or starts
 * with a zero. */
static const struct plan *plan_of_number(struct span s, size_t *code_digits)
{
    unsigned code = 0;
    for (size_t i = 0; i < s.n && s.p[0] != '0' && i < CALLING_CODE_MAX; i++) {
        code = code * 10 + (unsigned)(s.p[i] - '0');
        const struct plan *plan = plan_of_code(code);
        if (plan) {
            *code_digits = i + 1;
            return plan;
        }
    }
    return NULL;
}

static const struct plan *plan_of_country(const char *country)
{
    for (size_t i = 0; country[0] && i < PLANS; i++)
        if (strcmp(plans[i].country, country) == 0)
            return &plans[i];
    return NULL;
}

/* Of the countries that share the main plan's calling code, the one that has this number. */
static const struct plan *owner(const struct plan *main, struct span national)
{
    for (const struct plan *p = main + 1; p < plans + PLANS && p->code == main->code; p++)
        if (starts_as(p->leading, national))
            return p;
    return main;
}

static bool has_length(const struct plan *plan, struct span national)
{
    return national.n < E164_MAX && (plan->lengths >> national.n & 1);
}

/* May a number of this calling code have so many digits? */
static bool is_possible(const struct plan *main, struct span national)
{
    return has_length(owner(main, national), national);
}

/* Is it of a range that is in use? */
static bool is_likely(const struct plan *main, struct span national)
{
    const struct plan *plan = owner(main, national);
    return has_length(plan, national) && has_shape(plan->shape, national);
}

/* --- resolving ----------------------------------------------------------------------------- */

struct digits {
    char p[DIALLED_MAX];
    size_t n;
};

static struct span digits_span(const struct digits *d)
{
    return (struct span){d->p, d->n};
}

static bool digits_add(struct digits *d, struct span more)
{
    if (more.n > sizeof d->p - d->n)
        return false;
    for (size_t i = 0; i < more.n; i++)
        d->p[d->n++] = more.p[i];
    return true;
}

static void digits_drop(struct digits *d, size_t at)
{
    for (d->n--; at < d->n; at++)
        d->p[at] = d->p[at + 1];
}

/* A national number and the main plan of its calling code. */
struct number {
    const struct plan *main;
    struct digits national;
};

typedef bool number_test(const struct plan *main, struct span national);

/* Takes the prefix pattern at `p` off `s`; false when it does not match. */
static bool strip_prefix(const char *p, struct span s, struct digits *out)
{
    size_t prefix, kept;
    *out = (struct digits){.n = 0};
    if (!match_run(&p, s, &prefix))
        return false;
    s = span_from(s, prefix);
    if (*p == '(') {
        p++;
        if (!match_run(&p, s, &kept) || kept != s.n)
            return false;
        if (*p == '=')
            for (p++; ascii_is_digit(*p); p++)
                out->p[out->n++] = *p;
    }
    return digits_add(out, s);
}

/* The number behind one of the plan's prefixes that passes the test. */
static bool find_stripped(const struct plan *home, const struct plan *main, struct span s,
                          number_test *test, struct digits *out)
{
    for (const char *p = first_pattern(home->prefix); p; p = next_pattern(p))
        if (strip_prefix(p, s, out) && test(main, digits_span(out)))
            return true;
    return false;
}

static bool find_plain(const struct plan *main, struct span s, number_test *test,
                       struct digits *out)
{
    *out = (struct digits){.n = 0};
    return test(main, s) && digits_add(out, s);
}

/* Argentina dials mobiles as area code, 15, subscriber (`011 15 2345-6789`) and writes them abroad
 * as 9, area code, subscriber. The area code has 2 to 4 digits, of two only Buenos Aires' 11; the
 * others start with 2 or 3. */
static void turn_argentine_mobile(struct digits *d)
{
    enum { AREA_MIN = 2, AREA_MAX = 4, DIALLED = 12 };
    struct span s = span_from(digits_span(d), d->n && d->p[0] == '0');
    if (s.n != DIALLED)
        return;
    if (s.p[0] != '2' && s.p[0] != '3' && !span_starts(s, SPAN("11")))
        return;
    size_t area = span_starts(s, SPAN("11")) ? AREA_MIN : AREA_MIN + 1;
    for (; area <= AREA_MAX; area++) {
        if (!span_starts(span_from(s, area), SPAN("15")))
            continue;
        struct digits turned = {.p = "9", .n = 1};
        (void)digits_add(&turned, span_cut(s, area));
        (void)digits_add(&turned, span_from(s, area + 2));
        *d = turned;
        return;
    }
}

static const char *why_impossible(const struct plan *main, struct span s)
{
    uint16_t lengths = owner(main, s)->lengths;
    if (s.n >= E164_MAX || lengths >> s.n == 0)
        return too_long;
    if ((lengths & ((1u << s.n) - 1)) == 0)
        return short_code;
    return "no number of its country has this many digits";
}

/* Reads what stands behind a calling code. It is a national number as it is, unless only without
 * a trunk prefix, which many write there too, it is one in use. So whatever this gives it gives
 * again. NULL, or why not. */
static const char *read_abroad(const struct plan *main, struct span s, struct number *out)
{
    struct digits d = {.n = 0};
    if (!digits_add(&d, s))
        return too_long;
    if (main->code == ARGENTINA)
        turn_argentine_mobile(&d);
    s = digits_span(&d);
    out->main = main;
    if (find_plain(main, s, is_likely, &out->national) ||
        find_stripped(main, main, s, is_likely, &out->national) ||
        find_plain(main, s, is_possible, &out->national))
        return NULL;
    return why_impossible(main, s);
}

static const char *read_international(struct span s, struct number *out)
{
    size_t code_digits;
    const struct plan *main = plan_of_number(s, &code_digits);
    if (!main)
        return "no country has this calling code";
    return read_abroad(main, span_from(s, code_digits), out);
}

/* Reads what is dialled within a country: here the trunk prefix goes first. The number found is
 * read once more as those abroad would, so that both give the same. */
static const char *read_national(const struct plan *home, struct span s, struct number *out)
{
    struct digits d = {.n = 0}, found;
    const struct plan *main = plan_of_code(home->code);
    if (!digits_add(&d, s))
        return too_long;
    if (home->code == ARGENTINA)
        turn_argentine_mobile(&d);
    s = digits_span(&d);
    if (find_stripped(home, main, s, is_likely, &found) || find_plain(main, s, is_likely, &found) ||
        find_stripped(home, main, s, is_possible, &found) ||
        find_plain(main, s, is_possible, &found))
        return read_abroad(main, digits_span(&found), out);
    return why_impossible(main, s);
}

/* Reads a number behind one of the country's own exit codes. */
static bool read_exit(const struct plan *home, struct span s, struct number *out)
{
    for (const char *p = first_pattern(home->exit); p; p = next_pattern(p)) {
        size_t n;
        const char *at = p;
        if (match_run(&at, s, &n) && !read_international(span_from(s, n), out))
            return true;
    }
    return false;
}

/* Reads a number behind 00 or 011, which people write wherever they are. */
static const char *read_common_exit(struct span s, struct number *out, const char *otherwise)
{
    if (span_starts(s, SPAN("00")))
        return read_international(span_from(s, 2), out);
    if (span_starts(s, SPAN("011")))
        return read_international(span_from(s, 3), out);
    return otherwise;
}

static bool number_likely(const struct number *n)
{
    return is_likely(n->main, digits_span(&n->national));
}

static bool is_mobile_length(const struct plan *home, const struct number *n)
{
    return n->national.n >= home->shortest && n->national.n <= home->longest;
}

/* Digits that are a national number, and also the country's calling code with another number
 * behind it. A trunk prefix tells, or the ranges in use, or that only one is as long as a mobile;
 * or else nobody can. */
static const char *decide(const struct plan *home, const struct number *national,
                          const struct number *full, size_t dialled, struct number *out)
{
    int lead = number_likely(national) - number_likely(full);
    if (lead == 0)
        lead = is_mobile_length(home, national) - is_mobile_length(home, full);
    if (lead == 0 && national->national.n >= dialled)
        return "it can be read with or without a calling code; write it with +";
    *out = lead < 0 && national->national.n >= dialled ? *full : *national;
    return NULL;
}

/* Is this too little to be a subscriber's number at home? What starts with a zero is dialled
 * through a trunk or an area, and is no short code; and a country without trunk prefixes may have
 * whole numbers as long as one. */
static bool is_short_code(const struct plan *home, struct span s)
{
    size_t least = SHORT_CODE_MAX + (plan_text[home->prefix] ? 1 : 0);
    return s.p[0] != '0' && s.n < (home->shortest < least ? home->shortest : least);
}

/* Reads a number without + for somebody in `home`. */
static const char *read_at_home(const struct plan *home, struct span s, struct number *out)
{
    struct number national, full;
    size_t code_digits;
    if (is_short_code(home, s))
        return short_code;
    if (read_exit(home, s, out))
        return NULL;
    const char *why = read_national(home, s, &national);
    if (!why && s.n <= SHORT_CODE_MAX && !number_likely(&national))
        return short_code;
    const struct plan *main = plan_of_number(s, &code_digits);
    bool own_code =
        main && main->code == home->code && !read_abroad(main, span_from(s, code_digits), &full);
    if (!why && own_code)
        return decide(home, &national, &full, s.n, out);
    if (why && !own_code)
        return read_common_exit(s, out, why);
    *out = why ? full : national;
    return NULL;
}

static const char *read_anywhere(struct span s, struct number *out)
{
    return read_common_exit(
        s, out,
        s.n <= SHORT_CODE_MAX ? short_code : "a national number needs a country; write it with +");
}

/* --- folding ------------------------------------------------------------------------------- */

/* A number as written, in ASCII: one character for each of the input, and at which byte it was. */
struct folded {
    char p[TEXT_MAX];
    uint16_t from[TEXT_MAX];
    size_t n;
};

/* The zeros of the scripts that have decimal digits (Unicode 17, general category Nd): nine more
 * follow each. */
static const uint32_t zeros[] = {
    0x0660,  0x06f0,  0x07c0,  0x0966,  0x09e6,  0x0a66,  0x0ae6,  0x0b66,  0x0be6,  0x0c66,
    0x0ce6,  0x0d66,  0x0de6,  0x0e50,  0x0ed0,  0x0f20,  0x1040,  0x1090,  0x17e0,  0x1810,
    0x1946,  0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,
    0xa900,  0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x10d40, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da,
    0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11de0, 0x11f50, 0x16130,
    0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
};

/* Characters that stand between digits, and such as cannot be seen: all mean as little as a
 * blank. */
static const struct {
    uint16_t first, last;
} blanks[] = {
    {0x00a0, 0x00a0}, /* no-break space */
    {0x00ad, 0x00ad}, /* soft hyphen */
    {0x00b7, 0x00b7}, /* middle dot */
    {0x061c, 0x061c}, /* Arabic letter mark */
    {0x1680, 0x1680}, /* ogham space mark */
    {0x180e, 0x180e}, /* Mongolian vowel separator */
    {0x2000, 0x2015}, /* spaces, zero-width marks, dashes */
    {0x2022, 0x2022}, /* bullet */
    {0x2028, 0x202f}, /* separators, directions, narrow no-break space */
    {0x2043, 0x2043}, /* hyphen bullet */
    {0x205f, 0x206f}, /* mathematical space, word joiner, directions */
    {0x2212, 0x2212}, /* minus sign */
    {0x3000, 0x3000}, /* ideographic space */
    {0x301c, 0x301c}, /* wave dash */
    {0x30fb, 0x30fc}, /* katakana middle dot and prolonged sound mark */
    {0xfe00, 0xfe0f}, /* variation selectors */
    {0xfe58, 0xfe58}, /* small em dash */
    {0xfe63, 0xfe63}, /* small hyphen-minus */
    {0xfeff, 0xfeff}, /* zero-width no-break space */
};

static char fold_digit(uint32_t point)
{
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0] && point >= zeros[i]; i++)
        if (point - zeros[i] < 10)
            return (char)('0' + (point - zeros[i]));
    return 0;
}

static bool is_blank_point(uint32_t point)
{
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++)
        if (point >= blanks[i].first && point <= blanks[i].last)
            return true;
    return false;
}

/* The ASCII character that `point` stands for in a phone number; 0 for none. */
static char fold_point(uint32_t point)
{
    enum { FULL_WIDTH_FIRST = 0xff01, FULL_WIDTH_LAST = 0xff5e, SMALL_PLUS = 0xfe62 };
    if (point < 0x80)
        return ascii_is_blank((char)point) ? ' ' : (char)(point > ' ' && point < 0x7f ? point : 0);
    if (point >= FULL_WIDTH_FIRST && point <= FULL_WIDTH_LAST)
        return (char)('!' + (point - FULL_WIDTH_FIRST));
    if (point == SMALL_PLUS)
        return '+';
    return is_blank_point(point) ? ' ' : fold_digit(point);
}

static enum status fold(struct span in, struct folded *out, struct refusal *why)
{
    out->n = 0;
    for (size_t at = 0; at < in.n;) {
        size_t from = at;
        char c = fold_point(utf8_next(in, &at));
        if (c == 0)
            return refuse(why, "a character that no phone number has", from);
        if (c == ' ' && (out->n == 0 || out->p[out->n - 1] == ' '))
            continue;
        if (out->n == TEXT_MAX || from > UINT16_MAX)
            return refuse(why, "too long for a phone number", from);
        out->from[out->n] = (uint16_t)from;
        out->p[out->n++] = c;
    }
    return OK;
}

/* --- collecting ---------------------------------------------------------------------------- */

/* What was dialled. */
struct dialled {
    struct digits digits;
    size_t letters;       /* digits written as letters */
    size_t optional_zero; /* where the zero of `(0)` is among the digits; DIALLED_MAX: none */
    bool plus;
};

/* The key with this letter (ITU-T E.161). */
static char keypad(char letter)
{
    return "22233344455566677778889999"[ascii_lower(letter) - 'a'];
}

static bool is_separator(char c)
{
    return c && strchr(" -./()[]~", c);
}

/* Adds one character: NULL, or why it cannot be. */
static const char *collect_char(struct dialled *d, char c)
{
    if (is_separator(c))
        return NULL;
    if (c == '+') {
        if (d->plus || d->digits.n)
            return "a plus sign belongs in front of the number, once";
        d->plus = true;
        return NULL;
    }
    if (ascii_is_alpha(c)) {
        if (d->digits.n < VANITY_DIGITS)
            return sender_word;
        d->letters++;
        c = keypad(c);
    }
    if (!ascii_is_digit(c))
        return "a character that no phone number has";
    return digits_add(&d->digits, (struct span){&c, 1}) ? NULL
                                                        : "too many digits for a phone number";
}

/* Adds the digits of `text`. On a refusal *at is the character. */
static const char *collect(struct dialled *d, struct span text, size_t *at)
{
    for (size_t i = 0; i < text.n; i++) {
        if (span_starts(span_from(text, i), SPAN("(0)")))
            d->optional_zero = d->digits.n;
        const char *why = collect_char(d, text.p[i]);
        if (why) {
            *at = i;
            return why;
        }
    }
    return NULL;
}

/* How long the mark of an extension is that starts at s, 0 when none does. */
static size_t extension_mark(struct span s)
{
    static const char *const marks[] = {"extension", "extn", "ext", "x", "#", ","};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (span_starts_fold(s, span_of(marks[i])))
            return strlen(marks[i]);
    return 0;
}

static struct span skip_separators(struct span s)
{
    while (s.n && strchr(" .:=-", s.p[0]))
        s = span_from(s, 1);
    return s;
}

/* Are these an extension's digits, with whatever stands between them and its mark? That may be
 * another mark, as in `, ext. 5`. */
static bool is_extension(struct span s)
{
    size_t digits = 0;
    s = skip_separators(s);
    s = span_trim(skip_separators(span_from(s, extension_mark(s))));
    while (digits < s.n && ascii_is_digit(s.p[digits]))
        digits++;
    return digits == s.n && digits >= 1 && digits <= EXTENSION_MAX;
}

/* The number without its extension: a switchboard's subscriber is the switchboard. */
static struct span cut_extension(struct span s)
{
    for (size_t i = 1; i < s.n; i++) {
        size_t mark = ascii_is_alpha(s.p[i - 1]) ? 0 : extension_mark(span_from(s, i));
        if (mark && is_extension(span_from(s, i + mark)))
            return span_cut(s, i);
    }
    return s;
}

/* Takes the parameters of RFC 3966 off `s`: `;ext=5;isub=1;phone-context=+1`. Of them only a
 * global context matters: it is what stands before a local number. False when what follows a
 * semicolon is no parameter. */
static bool cut_parameters(struct span *s, struct span *context)
{
    size_t end = span_find(*s, ';');
    struct span rest = span_from(*s, end);
    *s = span_cut(*s, end);
    while (rest.n) {
        rest = span_from(rest, 1);
        struct span one = span_cut(rest, span_find(rest, ';'));
        rest = span_from(rest, one.n);
        one = span_trim(one);
        size_t name = span_find(one, '=');
        if (name == 0 || !ascii_is_alpha(one.p[0]))
            return false;
        if (span_eq_fold(span_cut(one, name), SPAN("phone-context")))
            *context = span_from(one, name + 1);
    }
    return true;
}

/* Parameters, extension and context taken off, what is left of `text` are digits. */
static enum status collect_all(const struct folded *text, struct dialled *d, struct refusal *why)
{
    struct span s = {text->p, text->n}, context = {NULL, 0};
    size_t at = 0;
    if (span_starts_fold(s, SPAN("tel:")))
        s = span_from(s, 4);
    size_t end = span_find(s, ';');
    if (!cut_parameters(&s, &context))
        return refuse(why, "what follows the semicolon is no parameter of a tel: address",
                      text->from[(size_t)(s.p - text->p) + end]);
    *d = (struct dialled){.optional_zero = DIALLED_MAX};
    bool local = span_find(s, '+') == s.n;
    if (local && context.n && context.p[0] == '+') {
        const char *wrong = collect(d, context, &at);
        if (wrong)
            return refuse(why, wrong, text->from[(size_t)(context.p - text->p) + at]);
    }
    s = cut_extension(s);
    const char *wrong = collect(d, s, &at);
    if (wrong)
        return refuse(why, wrong, text->from[(size_t)(s.p - text->p) + at]);
    return d->digits.n ? OK : refuse(why, no_digits, 0);
}

/* --- the face ------------------------------------------------------------------------------ */

static const char *resolve_once(const struct dialled *d, const struct plan *home,
                                struct number *out)
{
    struct span s = digits_span(&d->digits);
    if (d->plus)
        return read_international(s, out);
    return home ? read_at_home(home, s, out) : read_anywhere(s, out);
}

/* In `+44 (0)20 …` the zero is the trunk prefix, in `+39 (0)6 …` a digit of the number, and in
 * `+34 (0)91 …` just wrong: it is left out unless the number is one in use with it. */
static const char *resolve(const struct dialled *d, const struct plan *home, struct number *out)
{
    const char *why = resolve_once(d, home, out);
    if (d->optional_zero < d->digits.n && (why || !number_likely(out))) {
        struct dialled without = *d;
        struct number other;
        digits_drop(&without.digits, d->optional_zero);
        if (!resolve_once(&without, home, &other)) {
            *out = other;
            why = NULL;
        }
    }
    if (!why && d->letters && (out->main->code != NANP || d->letters < VANITY_LETTERS))
        why = "letters stand for digits only in numbers of +1";
    return why;
}

static void print_number(const struct number *n, struct address *out)
{
    char reversed[CALLING_CODE_MAX];
    size_t digits = 0;
    *out = (struct address){.kind = ADDRESS_PHONE};
    for (unsigned code = n->main->code; code; code /= 10)
        reversed[digits++] = (char)('0' + code % 10);
    out->text[out->bytes++] = '+';
    while (digits)
        out->text[out->bytes++] = reversed[--digits];
    for (size_t i = 0; i < n->national.n; i++)
        out->text[out->bytes++] = n->national.p[i];
}

enum status phone_parse(struct span in, const char country[3], struct address *out,
                        struct refusal *why)
{
    struct folded text;
    struct dialled dialled;
    struct number number;
    const struct plan *home = plan_of_country(country);
    if (country[0] && !home)
        return refuse(why, "no numbering plan is known for the default country", 0);
    if (fold(in, &text, why) != OK || collect_all(&text, &dialled, why) != OK)
        return REFUSED;
    const char *wrong = resolve(&dialled, home, &number);
    if (wrong)
        return refuse(why, wrong, text.from[0]);
    print_number(&number, out);
    return OK;
}

const char *phone_country(const struct address *a)
{
    size_t code_digits;
    struct span s = span_from(address_span(a), 1);
    const struct plan *main = a->kind == ADDRESS_PHONE ? plan_of_number(s, &code_digits) : NULL;
    return main ? owner(main, span_from(s, code_digits))->country : "";
}

bool phone_country_known(const char *country)
{
    return plan_of_country(country) != NULL;
}

const char *phone_table_version(void)
{
    return PHONE_TABLE_VERSION;
}

/* --- equivalents --------------------------------------------------------------------------- */

/* Countries whose mobiles are written with and without one more digit: where it stands among the
 * digits behind the plus, and what the number looks like without it. */
static const struct {
    char digit;
    uint8_t at;
    const char *without;
} extra_digits[] = {
    {'1', 2, "52[2-9]........."},         /* Mexico, until 2019 */
    {'9', 2, "54[1-3]........."},         /* Argentina, from abroad */
    {'9', 4, "55[1-9][1-9][6-9]......."}, /* Brazil, before 2012 to 2016 */
};

static bool match_whole(const char *pattern, struct span s)
{
    size_t n;
    return match_run(&pattern, s, &n) && n == s.n;
}

static struct address phone_of_digits(const struct digits *d)
{
    struct address a = {.kind = ADDRESS_PHONE, .bytes = (uint16_t)(d->n + 1), .text = "+"};
    for (size_t i = 0; i < d->n; i++)
        a.text[i + 1] = d->p[i];
    return a;
}

size_t phone_forms(const struct address *a, struct address forms[ADDRESS_FORMS_MAX])
{
    struct span s = span_from(address_span(a), 1);
    forms[0] = *a;
    for (size_t i = 0; i < sizeof extra_digits / sizeof extra_digits[0]; i++) {
        size_t at = extra_digits[i].at;
        struct digits with = {.n = 0}, without = {.n = 0};
        if (s.n < at || s.n >= E164_MAX)
            continue;
        (void)digits_add(&with, span_cut(s, at));
        (void)digits_add(&with, (struct span){&extra_digits[i].digit, 1});
        (void)digits_add(&with, span_from(s, at));
        (void)digits_add(&without, s);
        digits_drop(&without, at);
        bool longer = match_whole(extra_digits[i].without, s);
        bool shorter = s.n > at && s.p[at] == extra_digits[i].digit &&
                       match_whole(extra_digits[i].without, digits_span(&without));
        if (longer || shorter) {
            forms[1] = phone_of_digits(longer ? &with : &without);
            return 2;
        }
    }
    return 1;
}
