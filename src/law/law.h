/* src/law/law.h: which clauses speak about a channel in a country. Tables, no clocks yet.
 *
 * The table is generated from src/law/rules.json when the project is built. It is material for
 * people who know the law, not legal advice; every clause says how sure its source is.
 */
#ifndef LAW_LAW_H
#define LAW_LAW_H

#include "event/event.h"

struct law_clause {
    const char *id;            /* us-canspam-email */
    const char *jurisdiction;  /* US, EU, US-VA … as in the table */
    unsigned channels;         /* bits 1u << enum channel */
    const char *cite;          /* 15 USC 7704(a)(3) */
    const char *deadline;      /* in words, "" when the law names none */
    const char *confidence;    /* H, M or L */
    int64_t from_us, until_us; /* in force [from, until); until INT64_MAX when open */
};

size_t law_clause_count(void);
const struct law_clause *law_clause_at(size_t index);
/* NULL when there is none. */
const struct law_clause *law_clause_find(struct span id);

/* The clauses in force at `at_us` for that channel (CHANNEL_ANY: any channel) and country (ISO
 * 3166, capitals; EU rules count for the member states, "" gives none). Writes at most `max` into
 * `out` in table order and returns how many there are. */
size_t law_applicable(enum channel channel, const char *country, int64_t at_us,
                      const struct law_clause **out, size_t max);

#endif
