#include "address/idn.h"

#include <idn2.h>

static const char *reason(int code)
{
    switch (code) {
    case IDN2_MALLOC:
        return "no memory to read an international domain";
    case IDN2_TOO_BIG_LABEL:
    case IDN2_TOO_BIG_DOMAIN:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return "a domain label longer than 63 bytes";
    case IDN2_BIDI:
        return "a domain label that breaks the rules of right-to-left names";
    case IDN2_HYPHEN_STARTEND:
    case IDN2_2HYPHEN:
        return "a domain label with a misplaced hyphen";
    case IDN2_CONTEXTJ:
    case IDN2_CONTEXTJ_NO_RULE:
        return "an invisible joiner where the domain may not have one";
    default:
        return "a domain label that international domain names do not allow";
    }
}

const char *idn_label(struct span label, char out[DOMAIN_LABEL_MAX + 1])
{
    enum { UTF8_POINT_BYTES = 4 };
    uint8_t in[DOMAIN_LABEL_MAX * UTF8_POINT_BYTES + 1], *encoded = NULL;
    if (label.n >= sizeof in)
        return reason(IDN2_TOO_BIG_LABEL);
    memcpy(in, label.p, label.n);
    in[label.n] = 0;
    int code = idn2_lookup_u8(in, &encoded, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (code != IDN2_OK)
        return reason(code);
    size_t n = strlen((const char *)encoded);
    const char *fault = n > DOMAIN_LABEL_MAX ? reason(IDN2_TOO_BIG_LABEL) : NULL;
    if (!fault)
        memcpy(out, encoded, n + 1);
    idn2_free(encoded);
    return fault;
}
