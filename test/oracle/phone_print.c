/* test/oracle/phone_print.c: our side of test/oracle/phone. Reads lines `COUNTRY<TAB>TEXT` (the
 * country may be empty), prints for each the number and its country, or `refused: reason`. */
#include "address/address.h"

#include <stdio.h>

static void print_line(struct span line)
{
    struct address a;
    struct refusal why;
    size_t tab = span_find(line, '\t');
    char country[3] = "";
    for (size_t i = 0; i < tab && i < 2; i++)
        country[i] = line.p[i];
    if (phone_parse(span_from(line, tab + 1), country, &a, &why) == OK)
        (void)printf("%s\t%s\n", a.text, phone_country(&a));
    else
        (void)printf("refused: %s\n", why.what);
}

int main(void)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        struct span s = {line, strlen(line)};
        print_line(span_cut(s, span_find(s, '\n')));
    }
    return 0;
}
