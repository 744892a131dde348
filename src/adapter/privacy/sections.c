/* src/adapter/privacy/sections.c: the layouts of all sections, after the IAB's specifications
 * (Global Privacy Platform of 2025-12-17, TCF 2.3 of 2026-02-26). Names are spelled as the IAB's
 * library gives them; where a specification has another, the man page tells both.
 */
#include "adapter/privacy/sections.h"

#define NUMBER(name, bits)                                                                         \
    {                                                                                              \
        name, PRIVACY_NUMBER, bits, 1, ROLE_NONE                                                   \
    }
#define VERSION(name)                                                                              \
    {                                                                                              \
        name, PRIVACY_NUMBER, 6, 1, ROLE_VERSION                                                   \
    }
#define TWO(name) NUMBER(name, 2)
#define REFUSABLE(name, right)                                                                     \
    {                                                                                              \
        name, PRIVACY_NUMBER, 2, 1, right                                                          \
    }
#define CHOICES(name, count, right)                                                                \
    {                                                                                              \
        name, PRIVACY_CHOICES, 2, count, right                                                     \
    }
#define FLAG(name)                                                                                 \
    {                                                                                              \
        name, PRIVACY_FLAG, 1, 1, ROLE_NONE                                                        \
    }
#define FLAGS(name, count)                                                                         \
    {                                                                                              \
        name, PRIVACY_FLAGS, 1, count, ROLE_NONE                                                   \
    }
#define TIME(name)                                                                                 \
    {                                                                                              \
        name, PRIVACY_TIME, 36, 1, ROLE_NONE                                                       \
    }
#define LETTERS(name)                                                                              \
    {                                                                                              \
        name, PRIVACY_LETTERS, 12, 1, ROLE_NONE                                                    \
    }
#define IDS(name)                                                                                  \
    {                                                                                              \
        name, PRIVACY_IDS, 0, 1, ROLE_NONE                                                         \
    }
#define RESTRICTIONS(name)                                                                         \
    {                                                                                              \
        name, PRIVACY_RESTRICTIONS, 0, 1, ROLE_NONE                                                \
    }

/* --- United States: what the states have in common ------------------------------------------ */

#define OPENING(first_notice)                                                                      \
    VERSION("Version"), TWO(first_notice), TWO("SaleOptOutNotice"),                                \
        TWO("TargetedAdvertisingOptOutNotice")
#define SALE             REFUSABLE("SaleOptOut", RIGHT_SALE)
#define SHARING          REFUSABLE("SharingOptOut", RIGHT_SHARING)
#define TARGETED         REFUSABLE("TargetedAdvertisingOptOut", RIGHT_TARGETED)
#define SENSITIVE(count) CHOICES("SensitiveDataProcessing", count, RIGHT_SENSITIVE)
#define CHILD            REFUSABLE("KnownChildSensitiveDataConsents", RIGHT_CHILD)
#define CHILDREN(count)  CHOICES("KnownChildSensitiveDataConsents", count, RIGHT_CHILD)
#define PERSONAL         REFUSABLE("PersonalDataConsents", RIGHT_PERSONAL)
#define ADDITIONAL       REFUSABLE("AdditionalDataProcessingConsent", RIGHT_PERSONAL)
#define MSPA                                                                                       \
    TWO("MspaCoveredTransaction"), TWO("MspaOptOutOptionMode"), TWO("MspaServiceProviderMode")
#define NATIONAL_OPENING                                                                           \
    VERSION("Version"), TWO("SharingNotice"), TWO("SaleOptOutNotice"), TWO("SharingOptOutNotice"), \
        TWO("TargetedAdvertisingOptOutNotice"), TWO("SensitiveDataProcessingOptOutNotice"),        \
        TWO("SensitiveDataLimitUseNotice"), SALE, SHARING, TARGETED

static const struct field usnat_1[] = {NATIONAL_OPENING, SENSITIVE(12), CHILDREN(2), PERSONAL,
                                       MSPA};
static const struct field usnat_2[] = {NATIONAL_OPENING, SENSITIVE(16), CHILDREN(3), PERSONAL,
                                       MSPA};
static const struct field usca[] = {VERSION("Version"),
                                    TWO("SaleOptOutNotice"),
                                    TWO("SharingOptOutNotice"),
                                    TWO("SensitiveDataLimitUseNotice"),
                                    SALE,
                                    SHARING,
                                    SENSITIVE(9),
                                    CHILDREN(2),
                                    PERSONAL,
                                    MSPA};
static const struct field usva[] = {
    OPENING("SharingNotice"), SALE, TARGETED, SENSITIVE(8), CHILD, MSPA};
static const struct field usco[] = {
    OPENING("SharingNotice"), SALE, TARGETED, SENSITIVE(7), CHILD, MSPA};
static const struct field usut[] = {OPENING("SharingNotice"),
                                    TWO("SensitiveDataProcessingOptOutNotice"),
                                    SALE,
                                    TARGETED,
                                    SENSITIVE(8),
                                    CHILD,
                                    MSPA};
static const struct field usct[] = {
    OPENING("SharingNotice"), SALE, TARGETED, SENSITIVE(8), CHILDREN(3), MSPA};
static const struct field usmt[] = {
    OPENING("SharingNotice"), SALE, TARGETED, SENSITIVE(8), CHILDREN(3), ADDITIONAL, MSPA};
/* Florida and New Hampshire */
static const struct field processing_8_3[] = {
    OPENING("ProcessingNotice"), SALE, TARGETED, SENSITIVE(8), CHILDREN(3), ADDITIONAL, MSPA};
/* Texas, Nebraska, Tennessee and Minnesota */
static const struct field processing_8_1[] = {
    OPENING("ProcessingNotice"), SALE, TARGETED, SENSITIVE(8), CHILD, ADDITIONAL, MSPA};
static const struct field usor[] = {
    OPENING("ProcessingNotice"), SALE, TARGETED, SENSITIVE(11), CHILDREN(3), ADDITIONAL, MSPA};
static const struct field usde[] = {
    OPENING("ProcessingNotice"), SALE, TARGETED, SENSITIVE(9), CHILDREN(5), ADDITIONAL, MSPA};
static const struct field usnj[] = {
    OPENING("ProcessingNotice"), SALE, TARGETED, SENSITIVE(10), CHILDREN(5), ADDITIONAL, MSPA};
static const struct field usia[] = {OPENING("ProcessingNotice"),
                                    TWO("SensitiveDataOptOutNotice"),
                                    SALE,
                                    TARGETED,
                                    SENSITIVE(8),
                                    CHILD,
                                    MSPA};

/* The sections of 2025 name the version of the MSPA, a contract, instead of their own. */
#define MSPA_OPENING                                                                               \
    NUMBER("MspaVersion", 6), TWO("MspaCoveredTransaction"), TWO("MspaMode"),                      \
        TWO("ProcessingNotice"), TWO("SaleOptOutNotice"), TWO("TargetedAdvertisingOptOutNotice"),  \
        SALE, TARGETED

static const struct field usmd[] = {MSPA_OPENING, ADDITIONAL};
/* Indiana, Kentucky and Rhode Island */
static const struct field mspa_child[] = {MSPA_OPENING, CHILD, ADDITIONAL};

static const struct field gpc[] = {TWO("GpcSegmentType"), {"Gpc", PRIVACY_FLAG, 1, 1, ROLE_GPC}};
static const struct field sensitive[] = {SENSITIVE(8)};

/* --- TCF ------------------------------------------------------------------------------------ */

#define STRING_OPENING                                                                             \
    VERSION("Version"), TIME("Created"), TIME("LastUpdated"), NUMBER("CmpId", 12),                 \
        NUMBER("CmpVersion", 12), NUMBER("ConsentScreen", 6), LETTERS("ConsentLanguage"),          \
        NUMBER("VendorListVersion", 12)
#define CUSTOM_COUNT                                                                               \
    {                                                                                              \
        "NumCustomPurposes", PRIVACY_NUMBER, 6, 1, ROLE_CUSTOM_COUNT                               \
    }

static const struct field tcf_core[] = {STRING_OPENING,
                                        NUMBER("PolicyVersion", 6),
                                        FLAG("IsServiceSpecific"),
                                        FLAG("UseNonStandardStacks"),
                                        FLAGS("SpecialFeatureOptins", 12),
                                        FLAGS("PurposeConsents", TCF_PURPOSES),
                                        FLAGS("PurposeLegitimateInterests", TCF_PURPOSES),
                                        FLAG("PurposeOneTreatment"),
                                        LETTERS("PublisherCountryCode"),
                                        IDS("VendorConsents"),
                                        IDS("VendorLegitimateInterests"),
                                        RESTRICTIONS("PublisherRestrictions")};
static const struct field tcf_publisher[] = {
    NUMBER("PublisherPurposesSegmentType", 3),
    FLAGS("PublisherConsents", TCF_PURPOSES),
    FLAGS("PublisherLegitimateInterests", TCF_PURPOSES),
    CUSTOM_COUNT,
    FLAGS("PublisherCustomConsents", COUNT_CUSTOM),
    FLAGS("PublisherCustomLegitimateInterests", COUNT_CUSTOM)};
static const struct field tcf_allowed[] = {NUMBER("VendorsAllowedSegmentType", 3),
                                           IDS("VendorsAllowed")};
static const struct field tcf_disclosed[] = {NUMBER("VendorsDisclosedSegmentType", 3),
                                             IDS("VendorsDisclosed")};

static const struct field canada_core[] = {STRING_OPENING,
                                           NUMBER("TcfPolicyVersion", 6),
                                           FLAG("UseNonStandardStacks"),
                                           FLAGS("SpecialFeatureExpressConsent", 12),
                                           FLAGS("PurposesExpressConsent", TCF_PURPOSES),
                                           FLAGS("PurposesImpliedConsent", TCF_PURPOSES),
                                           IDS("VendorExpressConsent"),
                                           IDS("VendorImpliedConsent"),
                                           RESTRICTIONS("PubRestrictions")};
static const struct field canada_publisher[] = {
    NUMBER("PubPurposesSegmentType", 3),
    FLAGS("PubPurposesExpressConsent", TCF_PURPOSES),
    FLAGS("PubPurposesImpliedConsent", TCF_PURPOSES),
    CUSTOM_COUNT,
    FLAGS("CustomPurposesExpressConsent", COUNT_CUSTOM),
    FLAGS("CustomPurposesImpliedConsent", COUNT_CUSTOM)};
static const struct field canada_disclosed[] = {NUMBER("DisclosedVendorsSegmentType", 3),
                                                IDS("DisclosedVendors")};

/* --- sections ------------------------------------------------------------------------------- */

#define FIELDS(table) .fields = table, .n = sizeof table / sizeof table[0]
/* Fields of zero behind their segment's own type. */
#define NO_PUBLISHER "YAAAAAAAAAA"
#define NO_ALLOWED   "QAAAAAA"
#define NO_DISCLOSED "IAAAAAA"
#define PUBLISHER(table)                                                                           \
    {                                                                                              \
        FIELDS(table), .type_bits = 3, .type = 3, .absent = NO_PUBLISHER                           \
    }
#define GPC                                                                                        \
    {                                                                                              \
        FIELDS(gpc), .type_bits = 2, .type = 1, .absent = "QA"                                     \
    }
#define STATE(id, name, core)                                                                      \
    {                                                                                              \
        id, name, 1, false, 2,                                                                     \
        {                                                                                          \
            {FIELDS(core)}, GPC                                                                    \
        }                                                                                          \
    }
#define STATE_WITHOUT_GPC(id, name, core)                                                          \
    {                                                                                              \
        id, name, 1, false, 1,                                                                     \
        {                                                                                          \
            {                                                                                      \
                FIELDS(core)                                                                       \
            }                                                                                      \
        }                                                                                          \
    }
#define STATE_OF_2025(id, name)                                                                    \
    {                                                                                              \
        id, name, 1, true, 2,                                                                      \
        {                                                                                          \
            {FIELDS(mspa_child)},                                                                  \
            {                                                                                      \
                FIELDS(sensitive), .absent = "AAA"                                                 \
            }                                                                                      \
        }                                                                                          \
    }

const struct section section_usnat_1 = STATE(7, "usnat", usnat_1);

const struct section section_tcf = {
    2,
    "tcfeuv2",
    2,
    false,
    4,
    {{FIELDS(tcf_core)},
     PUBLISHER(tcf_publisher),
     {FIELDS(tcf_allowed), .type_bits = 3, .type = 2, .absent = NO_ALLOWED},
     {FIELDS(tcf_disclosed), .type_bits = 3, .type = 1, .absent = NO_DISCLOSED}}};

static const struct section canada = {5,
                                      "tcfcav1",
                                      1,
                                      false,
                                      3,
                                      {{FIELDS(canada_core), .optimized = true},
                                       PUBLISHER(canada_publisher),
                                       {FIELDS(canada_disclosed), .type_bits = 3, .type = 1,
                                        .optimized = true, .absent = NO_DISCLOSED}}};

enum { STATES_FIRST = 7 };

/* In the order of their ids, from STATES_FIRST on without a gap. */
static const struct section states[] = {
    {7, "usnat", 2, false, 2, {{FIELDS(usnat_2)}, GPC}},
    STATE(8, "usca", usca),
    STATE_WITHOUT_GPC(9, "usva", usva),
    STATE(10, "usco", usco),
    STATE_WITHOUT_GPC(11, "usut", usut),
    STATE(12, "usct", usct),
    STATE_WITHOUT_GPC(13, "usfl", processing_8_3),
    STATE(14, "usmt", usmt),
    STATE(15, "usor", usor),
    STATE(16, "ustx", processing_8_1),
    STATE(17, "usde", usde),
    STATE(18, "usia", usia),
    STATE(19, "usne", processing_8_1),
    STATE(20, "usnh", processing_8_3),
    STATE(21, "usnj", usnj),
    STATE(22, "ustn", processing_8_1),
    STATE(23, "usmn", processing_8_1),
    {24, "usmd", 1, true, 2, {{FIELDS(usmd)}, GPC}},
    STATE_OF_2025(25, "usin"),
    STATE_OF_2025(26, "usky"),
    STATE_OF_2025(27, "usri"),
};

const struct section *section_find(unsigned id)
{
    if (id >= STATES_FIRST && id < STATES_FIRST + sizeof states / sizeof states[0])
        return &states[id - STATES_FIRST];
    return id == section_tcf.id ? &section_tcf : id == canada.id ? &canada : NULL;
}
