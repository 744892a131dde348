/* src/adapter/privacy/privacy.c: finds out what kind of string it is, and reads the GPP header.
 *
 * The header is `D` (type 3), a version, and the ids of the sections as Fibonacci-coded steps; the
 * sections follow in the order of their ids, with `~` between them. Zero bits at the header's end
 * are padding, of which encoders have three habits.
 */
#include "adapter/privacy/privacy.h"
#include "adapter/privacy/read.h"

enum { USP_SECTION = 6 };

const char *privacy_kind_word(enum privacy_kind k)
{
    static const char *const words[] = {
        [PRIVACY_GPP] = "gpp", [PRIVACY_TCF] = "tcf", [PRIVACY_USP] = "usp"};
    return words[k];
}

bool privacy_refuses_ads(const struct privacy_decision *d)
{
    return d->gpc || d->said[RIGHT_SALE] == SAID_REFUSED ||
           d->said[RIGHT_SHARING] == SAID_REFUSED || d->said[RIGHT_TARGETED] == SAID_REFUSED;
}

/* --- one reading ---------------------------------------------------------------------------- */

void read_fault(struct reading *r, const char *section, const char *what, const char *at)
{
    if (r->out->fault.what)
        return;
    r->out->fault = (struct refusal){what, (size_t)(at - r->start)};
    r->out->fault_in = section;
}

void read_will(struct reading *r, enum privacy_right right, enum privacy_said said)
{
    if (r->counts && said > r->out->said[right])
        r->out->said[right] = said;
}

void read_gpc(struct reading *r, bool on)
{
    r->out->gpc |= r->counts && on;
}

void read_tell(const struct reading *r, const struct privacy_value *v)
{
    if (r->wish->visit)
        r->wish->visit(r->wish->context, v);
}

bool read_piece(struct span *rest, char separator, struct span *piece)
{
    if (!rest->p)
        return false;
    size_t end = span_find(*rest, separator);
    *piece = span_cut(*rest, end);
    *rest = end < rest->n ? span_from(*rest, end + 1) : (struct span){NULL, 0};
    return true;
}

/* --- GPP ------------------------------------------------------------------------------------ */

static void add_section(struct privacy_decision *out, uint32_t id)
{
    out->sections[out->section_count++] = (uint16_t)id;
}

/* The ids that can be read count, even when others cannot. */
static void read_header(struct reading *r, struct span text)
{
    enum { TYPE_BITS = 6, VERSION_BITS = 6, VERSION = 1 };
    struct privacy_bits b;
    bool clean = bits_open(&b, text);
    (void)bits_take(&b, TYPE_BITS);
    if (bits_take(&b, VERSION_BITS) != VERSION && !b.failed)
        read_fault(r, NULL, "the version of the header is not 1", text.p + 1);
    uint32_t count = (uint32_t)bits_take(&b, COUNT_BITS), first, last;
    struct privacy_ids ids = {.bits = b, .left = count, .form = IDS_FIBONACCI};
    while (privacy_ids_next(&ids, &first, &last)) {
        for (uint32_t id = first; id <= last; id++) {
            if (r->out->section_count == PRIVACY_SECTIONS_MAX) {
                read_fault(r, NULL, "the header names too many sections", text.p);
                return;
            }
            add_section(r->out, id);
        }
    }
    if (!clean)
        read_fault(r, NULL, "not a base64url character", text.p + b.end / SEXTET_BITS);
    else if (ids.failed || b.failed)
        read_fault(r, NULL, "the header is cut short", text.p + text.n);
    else if (!bits_rest_is_zero(&ids.bits))
        read_fault(r, NULL, "more follows the last section id", text.p);
}

static bool applies(const struct privacy_wish *wish, unsigned id)
{
    enum { SIDS = 64 };
    return wish->applies == 0 || (id < SIDS && wish->applies >> id & 1);
}

static void read_any_section(struct reading *r, unsigned id, struct span text)
{
    const struct section *section = section_find(id);
    if (id == USP_SECTION)
        read_usp(r, text);
    else if (section)
        read_section(r, section, text);
    else
        read_fault(r, NULL, "a section of an unknown kind", text.p);
}

static void read_gpp(struct reading *r, struct span text)
{
    struct span rest = text, piece;
    struct privacy_decision *out = r->out;
    (void)read_piece(&rest, '~', &piece);
    read_header(r, piece);
    for (unsigned i = 0; i < out->section_count; i++) {
        if (!read_piece(&rest, '~', &piece)) {
            read_fault(r, NULL, "fewer sections than the header names", text.p + text.n);
            return;
        }
        r->counts = applies(r->wish, out->sections[i]);
        read_any_section(r, out->sections[i], piece);
    }
    if (rest.p)
        read_fault(r, NULL, "more sections than the header names", rest.p);
}

/* --- any string ----------------------------------------------------------------------------- */

/* The first character tells: the header's type, the TC string's version, a version in plain. */
static enum privacy_kind kind_of(struct span text)
{
    char first = text.n ? text.p[0] : '\0';
    return first == 'D'            ? PRIVACY_GPP
           : first == 'C'          ? PRIVACY_TCF
           : ascii_is_digit(first) ? PRIVACY_USP
                                   : PRIVACY_UNKNOWN;
}

static void read_string(struct reading *r, struct span text)
{
    switch (r->out->kind) {
    case PRIVACY_GPP:
        read_gpp(r, text);
        break;
    case PRIVACY_TCF:
        add_section(r->out, section_tcf.id);
        read_section(r, &section_tcf, text);
        break;
    case PRIVACY_USP:
        add_section(r->out, USP_SECTION);
        read_usp(r, text);
        break;
    default:
        read_fault(r, NULL,
                   text.n ? "neither a GPP, nor a TCF, nor a US Privacy string"
                          : "the string is empty",
                   text.p);
    }
}

enum status privacy_read(struct span text, const struct privacy_wish *wish,
                         struct privacy_decision *out)
{
    static const struct privacy_wish none = {0};
    struct reading r = {text.p, wish ? wish : &none, out, true};
    *out = (struct privacy_decision){.kind = kind_of(text)};
    if (text.n > PRIVACY_TEXT_MAX)
        read_fault(&r, NULL, "the string is too long", text.p + PRIVACY_TEXT_MAX);
    else
        read_string(&r, text);
    return out->fault.what ? REFUSED : OK;
}
