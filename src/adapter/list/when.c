/* src/adapter/list/when.c: times as products write them.
 *
 *   2026-11-23T10:00:00Z, 2026-11-23T10:00:00.5-05:00, 2026-11-23     RFC 3339
 *   2026-11-23 10:00:00, 2026-11-23 10:00:00.5 +0000 UTC              databases, Go's Time.String
 *   Mon, 23 Nov 2026 10:00:00 UTC                                     RFC 5322, as Mailgun has it
 *   1795428000, 1795428000.114, 1795428000114                         unix seconds, milliseconds
 *
 * A time without a zone is UTC. A form that two countries read differently (11/12/2026) is no
 * time: the caller has one of its own to put in its place.
 */
#include "adapter/list/part.h"
#include "base/clock.h"

#include <stdio.h>

enum { TIME_TEXT_MAX = 48 };

static const int64_t SECOND_US = 1000000;
static const uint64_t SECONDS_MAX = 253402300799; /* the year 9999 ends; above it: milliseconds */

static int64_t unix_time(struct span s)
{
    size_t point = span_find(s, '.');
    struct span fraction = span_from(s, point + 1);
    uint64_t whole;
    if (span_to_u64(span_cut(s, point), &whole) != OK)
        return 0;
    if (whole > SECONDS_MAX)
        return whole / 1000 > SECONDS_MAX ? 0 : (int64_t)(whole * 1000);
    int64_t us = (int64_t)whole * SECOND_US, scale = SECOND_US / 10;
    for (size_t i = 0; i < fraction.n && ascii_is_digit(fraction.p[i]); i++, scale /= 10)
        us += (fraction.p[i] - '0') * scale;
    return us;
}

static struct span next_word(struct span *s)
{
    *s = span_trim(*s);
    size_t n = 0;
    while (n < s->n && !ascii_is_blank(s->p[n]) && s->p[n] != ',')
        n++;
    struct span word = span_cut(*s, n);
    *s = span_from(*s, n < s->n && s->p[n] == ',' ? n + 1 : n);
    return word;
}

/* The zone as RFC 3339 has it: `+0100` gets its colon; none, and UTC by its names, is Z. */
static bool zone_text(struct span zone, char out[8])
{
    bool numeric = zone.n == 5 && (zone.p[0] == '+' || zone.p[0] == '-');
    if (numeric)
        (void)snprintf(out, 8, "%.3s:%.2s", zone.p, zone.p + 3);
    else
        (void)snprintf(out, 8, "Z");
    return numeric || zone.n == 0 || span_eq_fold(zone, SPAN("UTC")) ||
           span_eq_fold(zone, SPAN("GMT")) || span_eq_fold(zone, SPAN("Z"));
}

static int64_t parse_joined(struct span date, struct span time, struct span zone)
{
    char text[TIME_TEXT_MAX], z[8];
    if (!zone_text(zone, z) || date.n + time.n > TIME_TEXT_MAX - 10)
        return 0;
    int n = snprintf(text, sizeof text, "%.*sT%.*s%s", SPAN_ARG(date), SPAN_ARG(time), z);
    int64_t us;
    return rfc3339_parse((struct span){text, (size_t)n}, &us, NULL) == OK ? us : 0;
}

/* Date and time parted by a blank, the zone (if any) by another. */
static int64_t database_time(struct span s)
{
    struct span date = next_word(&s), time = next_word(&s), zone = next_word(&s);
    return time.n ? parse_joined(date, time, zone) : 0;
}

static int month_number(struct span s)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int m = 0; s.n == 3 && m < 12; m++)
        if (span_eq_fold(s, (struct span){months + 3 * m, 3}))
            return m + 1;
    return 0;
}

static int64_t mail_time(struct span s)
{
    struct span day = next_word(&s);
    if (day.n && ascii_is_alpha(day.p[0]))
        day = next_word(&s);
    int month = month_number(next_word(&s));
    struct span year = next_word(&s), time = next_word(&s), zone = next_word(&s);
    if (month == 0 || day.n == 0 || day.n > 2 || year.n != 4)
        return 0;
    char date[TIME_TEXT_MAX];
    (void)snprintf(date, sizeof date, "%.4s-%02d-%s%.*s", year.p, month, day.n == 1 ? "0" : "",
                   SPAN_ARG(day));
    return parse_joined(span_of(date), time, zone);
}

int64_t list_time(struct span s)
{
    int64_t us;
    s = span_trim(s);
    if (s.n == 0 || s.n > TIME_TEXT_MAX)
        return 0;
    if (rfc3339_parse(s, &us, NULL) == OK)
        return us;
    bool dated = s.n > 10 && s.p[4] == '-';
    if (dated && s.p[10] == ' ')
        return database_time(s);
    if (dated)
        return parse_joined(span_cut(s, 10), span_from(s, 11), (struct span){"", 0});
    return ascii_is_digit(s.p[0]) && (us = unix_time(s)) != 0 ? us : mail_time(s);
}
