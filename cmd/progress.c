/* cmd/progress.c: the progress bar. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <unistd.h>

enum { PATIENCE_US = 500000, REFRESH_US = 200000, BAR_CELLS = 30 };

void progress_start(struct progress *p, const char *what, uint64_t total)
{
    int64_t now = clock_monotonic_us();
    *p = (struct progress){.what = what,
                           .total = total,
                           .start_us = now,
                           .shown_us = now + PATIENCE_US - REFRESH_US,
                           .visible = isatty(STDERR_FILENO) == 1};
}

static void show_bar(double part, double seconds)
{
    char bar[BAR_CELLS * 3 + 1];
    size_t n = 0;
    for (int cell = 0; cell < BAR_CELLS; cell++) {
        const char *mark = cell < (int)(part * BAR_CELLS) ? "█" : "░";
        n += (size_t)snprintf(bar + n, sizeof bar - n, "%s", mark);
    }
    double left = part > 0 ? seconds * (1 - part) / part : 0;
    (void)fprintf(stderr, "%s %3.0f %%  %.0f s left", bar, part * 100, left);
}

void progress_show(struct progress *p, uint64_t done, uint64_t records)
{
    if (!p->visible)
        return;
    int64_t now = clock_monotonic_us();
    if (now - p->shown_us < REFRESH_US)
        return;
    p->shown_us = now;
    double seconds = (double)(now - p->start_us) / 1e6;
    (void)fprintf(stderr, "\r\033[K%s ", p->what);
    if (p->total)
        show_bar(done < p->total ? (double)done / (double)p->total : 1, seconds);
    (void)fprintf(stderr, "  %llu records, %.0f a second", (unsigned long long)records,
                  seconds > 0 ? (double)records / seconds : 0);
}

void progress_end(struct progress *p)
{
    if (p->visible && p->shown_us - p->start_us >= PATIENCE_US)
        (void)fputs("\r\033[K", stderr);
}
