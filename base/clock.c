/* base/clock.c: the clock, and dates by the proleptic Gregorian calendar (RFC 3339). */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const int64_t SECOND_US = 1000000;
/* The last microsecond of the year 9999. */
static const int64_t LAST_US = 253402300799999999;

int64_t clock_now_us(void)
{
    const char *fake = getenv("OPTOUT_TEST_CLOCK");
    struct timespec t;
    INVARIANT(clock_gettime(CLOCK_REALTIME, &t) == 0);
    int64_t now = fake ? strtoll(fake, NULL, 10) : (int64_t)t.tv_sec * SECOND_US + t.tv_nsec / 1000;
    return now > 0 ? now : 0;
}

int64_t clock_monotonic_us(void)
{
    struct timespec t;
    INVARIANT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * SECOND_US + t.tv_nsec / 1000;
}

/* Days since 1970-01-01 of a proleptic Gregorian date: years counted from March, so that the
 * leap day is the last of its year. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

/* Exactly `digits` decimal digits at *at, moved behind them. */
static bool read_number(struct span s, size_t *at, size_t digits, int64_t *out)
{
    uint64_t value;
    if (s.n - *at < digits || span_to_u64((struct span){s.p + *at, digits}, &value) != OK)
        return false;
    *at += digits;
    *out = (int64_t)value;
    return true;
}

static bool read_char(struct span s, size_t *at, const char *allowed)
{
    if (*at >= s.n || s.p[*at] == '\0' || !strchr(allowed, s.p[*at]))
        return false;
    (*at)++;
    return true;
}

static int64_t read_fraction_us(struct span s, size_t *at)
{
    int64_t us = 0, scale = SECOND_US / 10;
    for (; *at < s.n && ascii_is_digit(s.p[*at]); (*at)++, scale /= 10)
        us += (s.p[*at] - '0') * scale;
    return us;
}

static bool days_in_month_ok(int64_t year, int64_t month, int64_t day)
{
    if (month < 1 || month > 12 || day < 1)
        return false;
    int64_t next = month == 12 ? days_of_date(year + 1, 1, 1) : days_of_date(year, month + 1, 1);
    return day <= next - days_of_date(year, month, 1);
}

static enum status read_offset(struct span s, size_t *at, int64_t *minutes, struct refusal *why)
{
    *minutes = 0;
    if (read_char(s, at, "Zz"))
        return OK;
    size_t start = *at;
    int64_t hour, minute;
    if (!read_char(s, at, "+-"))
        return refuse(why, "time without Z or offset", start);
    if (!read_number(s, at, 2, &hour) || !read_char(s, at, ":") ||
        !read_number(s, at, 2, &minute) || hour > 23 || minute > 59)
        return refuse(why, "time offset is not +hh:mm or -hh:mm", start);
    *minutes = (hour * 60 + minute) * (s.p[start] == '-' ? -1 : 1);
    return OK;
}

static enum status read_time(struct span s, size_t *at, int64_t *us, struct refusal *why)
{
    int64_t hour, minute, second, offset;
    size_t start = *at;
    if (!read_number(s, at, 2, &hour) || !read_char(s, at, ":") ||
        !read_number(s, at, 2, &minute) || !read_char(s, at, ":") ||
        !read_number(s, at, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return refuse(why, "time is not hh:mm:ss", start);
    int64_t fraction = 0;
    if (read_char(s, at, ".")) {
        if (*at >= s.n || !ascii_is_digit(s.p[*at]))
            return refuse(why, "no digit after the decimal point", *at);
        fraction = read_fraction_us(s, at);
    }
    enum status st = read_offset(s, at, &offset, why);
    if (st == OK)
        *us = ((hour * 60 + minute - offset) * 60 + second) * SECOND_US + fraction;
    return st;
}

enum status rfc3339_parse(struct span s, int64_t *us, struct refusal *why)
{
    int64_t year, month, day, time_us = 0;
    size_t at = 0;
    if (!read_number(s, &at, 4, &year) || !read_char(s, &at, "-") ||
        !read_number(s, &at, 2, &month) || !read_char(s, &at, "-") || !read_number(s, &at, 2, &day))
        return refuse(why, "date is not yyyy-mm-dd", at);
    if (year < 1970 || !days_in_month_ok(year, month, day))
        return refuse(why, "no such day from 1970 to 9999", 0);
    if (at < s.n) {
        if (!read_char(s, &at, "Tt "))
            return refuse(why, "neither T nor blank between date and time", at);
        enum status st = read_time(s, &at, &time_us, why);
        if (st != OK)
            return st;
    }
    if (at != s.n)
        return refuse(why, "text after the time", at);
    /* An offset can carry the first and the last day out of the years. */
    time_us += days_of_date(year, month, day) * 86400 * SECOND_US;
    if (time_us < 0 || time_us > LAST_US)
        return refuse(why, "no such time from 1970 to 9999", 0);
    *us = time_us;
    return OK;
}

void rfc3339_format(int64_t us, char out[RFC3339_BYTES])
{
    const int64_t lowest = -62135596800 * SECOND_US;
    us = us < lowest ? lowest : us > LAST_US ? LAST_US : us;
    int64_t seconds = us / SECOND_US, fraction = us % SECOND_US;
    if (fraction < 0)
        seconds--, fraction += SECOND_US;
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0)
        days--, rest += 86400;
    int64_t year, month, day;
    date_of_days(days, &year, &month, &day);
    int n = snprintf(out, RFC3339_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, (int)month,
                     (int)day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
    if (fraction % 1000)
        n += snprintf(out + n, RFC3339_BYTES - (size_t)n, ".%06d", (int)fraction);
    else if (fraction)
        n += snprintf(out + n, RFC3339_BYTES - (size_t)n, ".%03d", (int)(fraction / 1000));
    (void)snprintf(out + n, RFC3339_BYTES - (size_t)n, "Z");
}
