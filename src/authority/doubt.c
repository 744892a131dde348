/* src/authority/doubt.c: after the device failed, an audit comes before the next acknowledgement.
 *
 * An fsync that failed once may succeed the next time and have lost what was written, so a handle
 * that saw a device error or a full disk records nothing more. That is remembered for those who
 * open the directory next: the file DIR/lock, whose six bytes exist from the beginning and are
 * overwritten in place, which needs no room on a full disk. It says `sound` or `doubt`.
 */
#include "authority/inside.h"

#include <string.h>
#include <unistd.h>

enum { WORD_BYTES = 6 };
static const char sound[] = "sound\n", doubt[] = "doubt\n";
_Static_assert(sizeof sound == WORD_BYTES + 1 && sizeof doubt == WORD_BYTES + 1, "of one length");

static bool says(const struct authority *a, const char *word)
{
    char text[WORD_BYTES];
    return pread(a->lock.fd, text, WORD_BYTES, 0) == WORD_BYTES &&
           memcmp(text, word, WORD_BYTES) == 0;
}

/* Best effort: where even this cannot be written, the broken handle still refuses by itself. */
static void say_word(const struct authority *a, const char *word)
{
    if (pwrite(a->lock.fd, word, WORD_BYTES, 0) == WORD_BYTES)
        (void)fsync(a->lock.fd);
}

void doubt_begin(struct authority *a)
{
    if (!says(a, sound) && !says(a, doubt))
        say_word(a, sound);
}

void doubt_raise(struct authority *a, enum status s)
{
    if (s == IO_FAILED || s == NO_SPACE || s == DAMAGED)
        say_word(a, doubt);
}

enum status doubt_settle(struct authority *a, struct problem *why)
{
    struct audit audit;
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    bool in_doubt = says(a, doubt);
    writer_leave(a);
    if (!in_doubt)
        return OK;
    s = authority_audit(a, NULL, NULL, &audit, why);
    if (s != OK)
        return s;
    s = writer_enter(a, why);
    if (s != OK)
        return s;
    say_word(a, sound);
    writer_leave(a);
    return OK;
}
