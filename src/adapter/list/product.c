/* src/adapter/list/product.c: whose export a list is, and what its rows mean.
 *
 * A layout is known by the columns (or JSON members) that it must have. Where they come from:
 *
 *   optout     our own export
 *   sendgrid   JSON: the suppression routes of the v3 API (created, email, reason, status, ip;
 *              group_id, group_name). CSV: the same columns, by memory
 *   mailchimp  header of the audience export, seen in public code that reads it: UNSUB_TIME,
 *              UNSUB_CAMPAIGN_TITLE, UNSUB_REASON, LEID, EUID; of CLEAN_TIME likewise
 *   ses        ListSuppressedDestinations, API reference of sesv2; the console's CSV by memory
 *   mailgun    API reference: bounces and complaints (address, created_at) and the columns that
 *              its unsubscribe import takes (address, tags, created_at)
 *   postmark   API reference, suppression dump; CSV by memory
 *   klaviyo    reasons from the API schema of suppressions; the CSV's columns by memory
 *   twilio     Consent Management API (contact_id, status, date_of_consent); Message resource and
 *              error 21610 ("unsubscribed recipient"); the console's log columns by memory
 *   listmonk   header written by its subscriber export, read in its source
 *
 * What a row means is said in one vocabulary for all of them. A word that is not in it gets the
 * layout's own meaning: an opt-out in an export of opt-outs, nothing or a hold elsewhere.
 */
#include "adapter/list/part.h"

static const char *const product_words[LIST_PRODUCTS] = {
    [LIST_UNKNOWN] = "unknown",   [LIST_PLAIN] = "plain",         [LIST_OPTOUT] = "optout",
    [LIST_SENDGRID] = "sendgrid", [LIST_MAILCHIMP] = "mailchimp", [LIST_SES] = "ses",
    [LIST_MAILGUN] = "mailgun",   [LIST_POSTMARK] = "postmark",   [LIST_KLAVIYO] = "klaviyo",
    [LIST_TWILIO] = "twilio",     [LIST_LISTMONK] = "listmonk",
};

const char *list_product_word(enum list_product p)
{
    INVARIANT(p < LIST_PRODUCTS);
    return product_words[p];
}

enum status list_product_parse(struct span s, enum list_product *out)
{
    for (unsigned p = 0; p < LIST_PRODUCTS; p++) {
        if (span_eq_fold(s, span_of(product_words[p]))) {
            *out = (enum list_product)p;
            return OK;
        }
    }
    return NOT_FOUND;
}

#define NO_EVENT ((enum event_kind)0)

enum { MARKS_MAX = 4 };

/* Names are folded; several in a field are alternatives, the surest first. */
struct layout {
    enum list_product product;
    const char *marks[MARKS_MAX]; /* all of them must be there */
    const char *address, *status, *second_status, *time, *note;
    enum event_kind kind; /* of a row whose status is not in the vocabulary */
    bool needs_time;      /* a row without time and status is one that was never opted out */
    bool only_if_asked;   /* too little to know it by */
    uint8_t columns_max;  /* 0: any number */
};

/* The first that fits is taken: those with more marks come first. */
static const struct layout layouts[] = {
    {.product = LIST_OPTOUT,
     .marks = {"address", "scope", "kind", "since"},
     .address = "address",
     .status = "kind",
     .time = "since",
     .note = "source",
     .kind = EVENT_HOLD},
    {.product = LIST_MAILCHIMP,
     .marks = {"emailaddress", "unsubtime"},
     .address = "emailaddress",
     .status = "unsubreason",
     .time = "unsubtime",
     .note = "unsubreason unsubcampaigntitle",
     .kind = EVENT_OUT,
     .needs_time = true},
    {.product = LIST_MAILCHIMP,
     .marks = {"emailaddress", "cleantime"},
     .address = "emailaddress",
     .time = "cleantime",
     .note = "cleancampaigntitle",
     .kind = EVENT_DEAD,
     .needs_time = true},
    /* The export of those who are subscribed has neither. */
    {.product = LIST_MAILCHIMP,
     .marks = {"emailaddress", "leid", "euid"},
     .address = "emailaddress",
     .kind = NO_EVENT},
    {.product = LIST_SES,
     .marks = {"emailaddress", "reason", "lastupdatetime"},
     .address = "emailaddress",
     .status = "reason",
     .time = "lastupdatetime",
     .note = "reason",
     .kind = EVENT_OUT},
    {.product = LIST_POSTMARK,
     .marks = {"emailaddress", "suppressionreason"},
     .address = "emailaddress",
     .status = "suppressionreason",
     .time = "createdat",
     .note = "suppressionreason",
     .kind = EVENT_OUT},
    {.product = LIST_LISTMONK,
     .marks = {"uuid", "email", "attributes", "status"},
     .address = "email",
     .status = "status",
     .second_status = "subscriptionstatus",
     .time = "updatedat",
     .note = "status",
     .kind = EVENT_HOLD},
    {.product = LIST_LISTMONK,
     .marks = {"uuid", "email", "attribs", "status"},
     .address = "email",
     .status = "status",
     .second_status = "subscriptionstatus",
     .time = "updatedat",
     .note = "status",
     .kind = EVENT_HOLD},
    {.product = LIST_MAILGUN,
     .marks = {"address", "code", "error"},
     .address = "address",
     .time = "createdat",
     .note = "error",
     .kind = EVENT_DEAD},
    {.product = LIST_MAILGUN,
     .marks = {"address", "tags", "createdat"},
     .address = "address",
     .time = "createdat",
     .note = "tags",
     .kind = EVENT_OUT},
    {.product = LIST_MAILGUN,
     .marks = {"address", "createdat"},
     .address = "address",
     .time = "createdat",
     .kind = EVENT_COMPLAINT,
     .only_if_asked = true},
    {.product = LIST_TWILIO,
     .marks = {"to", "errorcode"},
     .address = "to",
     .status = "errorcode",
     .time = "datesent sentdate datecreated",
     .note = "errorcode",
     .kind = NO_EVENT},
    {.product = LIST_TWILIO,
     .marks = {"contactid", "status"},
     .address = "contactid",
     .status = "status",
     .time = "dateofconsent",
     .note = "source",
     .kind = EVENT_HOLD},
    {.product = LIST_TWILIO,
     .marks = {"phonenumber", "status"},
     .address = "phonenumber",
     .status = "status",
     .time = "dateofconsent dateupdated updatedat createdat",
     .note = "source",
     .kind = EVENT_HOLD,
     .only_if_asked = true},
    {.product = LIST_KLAVIYO,
     .marks = {"email", "reason", "timestamp"},
     .address = "email",
     .status = "reason",
     .time = "timestamp",
     .note = "reason",
     .kind = EVENT_OUT},
    {.product = LIST_KLAVIYO,
     .marks = {"email", "reason", "suppressedat"},
     .address = "email",
     .status = "reason",
     .time = "suppressedat",
     .note = "reason",
     .kind = EVENT_OUT},
    {.product = LIST_SENDGRID,
     .marks = {"email", "created", "reason"},
     .address = "email",
     .status = "status",
     .time = "created",
     .note = "reason",
     .kind = EVENT_DEAD},
    {.product = LIST_SENDGRID,
     .marks = {"email", "created", "ip"},
     .address = "email",
     .time = "created",
     .kind = EVENT_COMPLAINT,
     .columns_max = 3},
    {.product = LIST_SENDGRID,
     .marks = {"email", "groupid", "groupname"},
     .address = "email",
     .time = "created createdat",
     .note = "groupname",
     .kind = EVENT_OUT},
    {.product = LIST_SENDGRID,
     .marks = {"email", "created"},
     .address = "email",
     .time = "created",
     .kind = EVENT_OUT,
     .columns_max = 2},
};
enum { LAYOUT_COUNT = sizeof layouts / sizeof layouts[0] };

/* A list that no product is known by, read by the usual names. */
static const struct layout usual = {
    .status = "kind status subscriptionstatus subscriberstatus state reason",
    .time = "since time timestamp unsubscribedat optedoutat suppressedat createdat created "
            "updatedat date",
    .note = "reason source note",
    .kind = EVENT_OUT,
};

static const struct meaning {
    enum event_kind kind;
    const char *words;
} vocabulary[] = {
    {EVENT_OUT,
     "out optout optedout unsubscribe unsubscribed unsub globalunsubscribe blocklisted "
     "blacklisted blocklist blacklist suppressed usersuppressed manual manuallysuppressed "
     "manualsuppression donotcontact donotmail dnc stop stopped revoked 21610"},
    {EVENT_COMPLAINT, "complaint complaints complained spam spamcomplaint spamreport markedasspam "
                      "reportedspam reportedasspam abuse abusecomplaint"},
    {EVENT_DEAD, "dead bounce bounced hardbounce hardbounced cleaned invalid invalidemail "
                 "undeliverable permanentbounce"},
    {EVENT_HOLD, "hold disabled"},
    {NO_EVENT, "in optin optedin reoptin subscribe subscribed active enabled confirmed "
               "unconfirmed pending allow nonsubscribed neversubscribed softbounce transient "
               "forget"},
};

static bool has_marks(const struct columns *c, const struct layout *l)
{
    for (size_t i = 0; i < MARKS_MAX && l->marks[i]; i++)
        if (!find_column(c, l->marks[i], NULL))
            return false;
    return l->columns_max == 0 || c->count <= l->columns_max;
}

static const struct layout *find_layout(const struct columns *c, enum list_product wish)
{
    for (size_t i = 0; i < LAYOUT_COUNT; i++) {
        const struct layout *l = &layouts[i];
        bool eligible = wish == LIST_UNKNOWN ? !l->only_if_asked : l->product == wish;
        if (eligible && has_marks(c, l))
            return l;
    }
    return NULL;
}

static struct list_field find_field(const struct columns *c, const char *words)
{
    return field_of(words ? find_column(c, words, NULL) : NULL);
}

enum status list_recognise(const struct columns *c, enum list_product wish,
                           struct list_shape *shape)
{
    const struct layout *l = wish == LIST_PLAIN ? NULL : find_layout(c, wish);
    if (!l && wish != LIST_UNKNOWN && wish != LIST_PLAIN)
        return NOT_FOUND;
    shape->product = l ? l->product : wish;
    shape->kind = EVENT_OUT;
    shape->scope = find_field(c, "scope");
    if (wish == LIST_PLAIN)
        return OK;
    if (!l)
        l = &usual;
    if (!shape->address.present)
        shape->address = find_field(c, l->address);
    shape->status = find_field(c, l->status);
    shape->second_status = find_field(c, l->second_status);
    shape->time = find_field(c, l->time);
    shape->note = find_field(c, l->note);
    shape->kind = l->kind;
    shape->needs_time = l->needs_time;
    return OK;
}

/* SendGrid's status is an SMTP code. A permanent failure is a dead address; a temporary one and a
 * matter of policy (5.7.x: what it lists as blocks) say nothing about the person. */
static enum event_kind kind_of_smtp_status(struct span status, enum event_kind otherwise)
{
    if (status.n == 0 || !ascii_is_digit(status.p[0]))
        return otherwise;
    bool permanent = status.p[0] == '5' && !span_starts(status, SPAN("5.7"));
    return permanent ? EVENT_DEAD : NO_EVENT;
}

static enum event_kind kind_of_word(struct span word, enum event_kind otherwise)
{
    if (word.n == 0)
        return otherwise;
    for (size_t i = 0; i < sizeof vocabulary / sizeof vocabulary[0]; i++)
        if (name_place(word, vocabulary[i].words))
            return vocabulary[i].kind;
    return otherwise;
}

enum event_kind kind_of_row(const struct list_shape *shape, struct span status,
                            struct span second_status, struct span time)
{
    status = span_trim(status);
    if (shape->needs_time && span_trim(time).n == 0 && status.n == 0)
        return NO_EVENT;
    if (shape->product == LIST_SENDGRID)
        return kind_of_smtp_status(status, shape->kind);
    enum event_kind kind = kind_of_word(status, shape->kind);
    /* The row opts out when either of the two says so. */
    return kind == NO_EVENT ? kind_of_word(span_trim(second_status), NO_EVENT) : kind;
}
