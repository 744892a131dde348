/* src/adapter/privacy/usp.c: the US Privacy string (IAB CCPA Compliance Framework, version 1): `1`
 * and three of Y, N and -.
 */
#include "adapter/privacy/read.h"

enum { USP_LENGTH = 4, USP_SALE = 2 };

static const char *const names[USP_LENGTH] = {"Version", "Notice", "OptOutSale", "LspaCovered"};
static const char section_name[] = "uspv1";

static bool is_answer(char c)
{
    return c == 'Y' || c == 'N' || c == '-';
}

static void tell_character(const struct reading *r, struct span text, size_t i)
{
    struct privacy_value v = {.section = section_name, .name = names[i], .count = 1};
    if (i == 0) {
        v.type = PRIVACY_NUMBER;
        v.number = 1;
    } else {
        v.type = PRIVACY_TEXT;
        v.text = (struct span){text.p + i, 1};
    }
    read_tell(r, &v);
}

/* The opt-out stands in the third character, whatever becomes of the fourth. */
void read_usp(struct reading *r, struct span text)
{
    if (text.n == 0 || text.p[0] != '1') {
        read_fault(r, section_name, "the version is not 1", text.p);
        return;
    }
    bool refused = text.n > USP_SALE && text.p[USP_SALE] == 'Y';
    read_will(r, RIGHT_SALE, refused ? SAID_REFUSED : SAID_NOTHING);
    tell_character(r, text, 0);
    for (size_t i = 1; i < USP_LENGTH; i++) {
        if (i == text.n || !is_answer(text.p[i])) {
            read_fault(r, section_name,
                       i == text.n ? "shorter than four characters" : "neither Y nor N nor -",
                       text.p + i);
            return;
        }
        tell_character(r, text, i);
    }
    if (text.n > USP_LENGTH)
        read_fault(r, section_name, "longer than four characters", text.p + USP_LENGTH);
    else
        read_will(r, RIGHT_SALE, SAID_NO_REFUSAL);
}
