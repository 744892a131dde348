/* src/law/law.c: the clauses of rules.json, asked by id and by where and when somebody lives.
 *
 * Where a clause holds is told by its jurisdiction:
 *   US, GB, DE …        the country of that ISO 3166 code
 *   US-VA               that part of a country (ISO 3166-2), and only when asked for as such
 *   US-CA,CO,CT         each of those parts
 *   EU, EEA             the member states, see below
 *   MBP:gmail, US carriers, store:apple, any w/ UOOM
 *                       no place: a mailbox provider, a trade's rules; found by id alone
 *
 * Who asks for a part (US-VA) gets the clauses of its country as well. A country alone does not
 * tell in which part of it somebody lives, so it gives none of theirs. Waivers are not modelled:
 * a clause that is waived in part counts as in force.
 */
#include "law/law.h"

static const struct law_clause clauses[] = {
#include "law_table.inc"
};

enum { CLAUSES = sizeof clauses / sizeof *clauses };

size_t law_clause_count(void)
{
    return CLAUSES;
}

const struct law_clause *law_clause_at(size_t index)
{
    INVARIANT(index < CLAUSES);
    return &clauses[index];
}

const struct law_clause *law_clause_find(struct span id)
{
    for (size_t i = 0; i < CLAUSES; i++)
        if (span_eq(id, span_of(clauses[i].id)))
            return &clauses[i];
    return NULL;
}

/* The 27 states of the European Union, and Iceland, Liechtenstein and Norway: the acts of the
 * Union in the table have EEA relevance and hold there too. Greece is GR, not the EL of the
 * Union's own papers. */
static bool is_eea(struct span country)
{
    static const char states[] = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL "
                                 "PL PT RO SE SI SK IS LI NO ";
    for (size_t i = 0; i + 3 < sizeof states; i += 3)
        if (span_eq(country, (struct span){states + i, 2}))
            return true;
    return false;
}

/* Is `part` (VA) in the list behind the hyphen of a jurisdiction (CA,CO,VA)? */
static bool lists_part(struct span list, struct span part)
{
    while (list.n) {
        size_t comma = span_find(list, ',');
        if (span_eq(span_cut(list, comma), part))
            return true;
        list = span_from(list, comma + 1);
    }
    return false;
}

static bool holds_in(struct span jurisdiction, struct span place)
{
    size_t hyphen = span_find(place, '-'), own = span_find(jurisdiction, '-');
    struct span country = span_cut(place, hyphen);
    if (country.n != 2)
        return false;
    if (span_eq(jurisdiction, SPAN("EU")) || span_eq(jurisdiction, SPAN("EEA")))
        return is_eea(country) || span_eq(place, jurisdiction);
    if (!span_eq(span_cut(jurisdiction, own), country))
        return false;
    return own == jurisdiction.n ||
           (hyphen < place.n &&
            lists_part(span_from(jurisdiction, own + 1), span_from(place, hyphen + 1)));
}

static bool speaks_about(const struct law_clause *clause, enum channel channel)
{
    return channel == CHANNEL_ANY || (clause->channels & 1u << channel);
}

size_t law_applicable(enum channel channel, const char *country, int64_t at_us,
                      const struct law_clause **out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < CLAUSES; i++) {
        const struct law_clause *c = &clauses[i];
        if (at_us < c->from_us || at_us >= c->until_us || !speaks_about(c, channel) ||
            !holds_in(span_of(c->jurisdiction), span_of(country)))
            continue;
        if (n < max)
            out[n] = c;
        n++;
    }
    return n;
}
