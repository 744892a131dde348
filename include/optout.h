/* optout.h: the library of the opt-out authority, and its manual.
 *
 * A sender asks here, before each message, "may I contact this person, on this channel, about
 * this?", and records here what people say. The library works on a data directory that it shares
 * with the program `optout` and with any number of other processes: what one of them has recorded,
 * all of them answer from at once.
 *
 *     struct optout *o;
 *     char error[OPTOUT_ERROR_BYTES];
 *     if (optout_open("/var/lib/optout", OPTOUT_READ, &o, error) != OPTOUT_OK)
 *         …                                  // and send nothing
 *     enum optout_reason why;
 *     if (optout_check(o, "jane@example.com", "email:acme/news", OPTOUT_MARKETING, &why))
 *         send();
 *     optout_close(o);
 *
 * An answer that cannot be given is a denial, never a permission: whatever goes wrong, the reason
 * is one of the denying ones.
 *
 * Ownership: strings passed in are borrowed for the call; the strings that come back are static.
 * Threads: every function may be called from any thread on the same handle at the same time,
 * except optout_close, which must be the last call on it. After fork(2) a child opens its own.
 * Text is UTF-8. Names start with optout_ or OPTOUT_.
 */
#ifndef OPTOUT_H
#define OPTOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OPTOUT_API __attribute__((visibility("default")))
#else
#define OPTOUT_API
#endif

/* Room for the sentence that says what went wrong, its final zero included. */
#define OPTOUT_ERROR_BYTES 512

/* What a call came to. */
enum optout_status {
    OPTOUT_OK = 0,
    OPTOUT_REFUSED = 1, /* bad input: an address, scope or word that cannot be read; or an opt-in
                           without proof against a standing opt-out */
    OPTOUT_FAILED = 2   /* the machine could not: disk, permission, damage, memory */
};

/* Why an answer is what it is. Reasons from OPTOUT_OPT_OUT on deny. */
enum optout_reason {
    OPTOUT_NO_RECORD,       /* allow: nothing is known of this person for that scope */
    OPTOUT_OPT_IN,          /* allow: the person opted in */
    OPTOUT_SERVICE_MESSAGE, /* allow: asked about a service message */
    OPTOUT_OPT_OUT,         /* deny from here on */
    OPTOUT_COMPLAINT,       /* reported as spam */
    OPTOUT_DEAD_ADDRESS,    /* bounced for good, number gone */
    OPTOUT_HOLD,            /* a human must look first */
    OPTOUT_NO_CONSENT,      /* an opt-in regime, and no opt-in */
    OPTOUT_UNREADABLE,      /* the address or the scope cannot be read */
    OPTOUT_STALE            /* the current state cannot be had */
};

/* What the message is for. A service message (receipt, password, delivery) is not marketing; to
 * call marketing so is an offence in most laws. */
enum optout_purpose { OPTOUT_MARKETING, OPTOUT_SERVICE };

/* What a person said. */
enum optout_kind {
    OPTOUT_EVENT_OUT = 1,
    OPTOUT_EVENT_IN,
    OPTOUT_EVENT_COMPLAINT,
    OPTOUT_EVENT_DEAD,
    OPTOUT_EVENT_HOLD
};

/* How a data directory is opened. */
enum optout_mode {
    OPTOUT_READ, /* to ask; the directory must hold a ledger */
    OPTOUT_WRITE /* to record as well; what is missing in an empty directory is created */
};

struct optout; /* an open data directory */

/* Opens `dir` and stores the handle in *out, to be closed with optout_close. On anything but
 * OPTOUT_OK *out is NULL and `error` (OPTOUT_ERROR_BYTES, or NULL) says what and what to do. */
OPTOUT_API enum optout_status optout_open(const char *dir, enum optout_mode mode,
                                          struct optout **out, char *error);

/* Closes and frees; NULL is fine. */
OPTOUT_API void optout_close(struct optout *o);

/* May `address` be contacted? 1 yes, 0 no; *why (may be NULL) says the reason.
 *
 * address  jane@example.com, +14155550100, device:UUID, cookie:ID, or a digest of a normalised
 *          address as sha256:HEX (md5, sha1, sha512 too); other spellings are normalised
 * scope    CHANNEL:SENDER/TOPIC, as email:acme/news; NULL: the address's own channel, any sender
 *          and topic
 */
OPTOUT_API int optout_check(struct optout *o, const char *address, const char *scope,
                            enum optout_purpose purpose, enum optout_reason *why);

/* The same question about n addresses, which is much faster than asking n times. reasons[i]
 * answers addresses[i]; all n are always filled. OPTOUT_REFUSED when the scope cannot be read and
 * OPTOUT_FAILED when the state cannot be had: every reason then denies. An address that cannot be
 * read is a reason, not a failure. */
OPTOUT_API enum optout_status optout_check_batch(struct optout *o, const char *const *addresses,
                                                 size_t n, const char *scope,
                                                 enum optout_purpose purpose,
                                                 enum optout_reason *reasons);

/* Does this reason allow? 1 or 0. */
OPTOUT_API int optout_allows(enum optout_reason reason);

/* The reason as the program prints it: "opt-out", "no-record" … */
OPTOUT_API const char *optout_reason_word(enum optout_reason reason);

/* Records one event. When it returns OPTOUT_OK the event is on disk and every process answers
 * accordingly; *event (may be NULL) is its number in the ledger.
 *
 * scope   as for optout_check
 * source  a word for where it came from (letters, digits, '.', '_', '-'); NULL: "lib"
 * proof   what shows that it was the person's own act, at most 4096 bytes; NULL: none. An opt-in
 *         lifts a standing opt-out only with a proof; without one it is OPTOUT_REFUSED.
 */
OPTOUT_API enum optout_status optout_record(struct optout *o, enum optout_kind kind,
                                            const char *address, const char *scope,
                                            const char *source, const char *proof, uint64_t *event,
                                            char *error);

/* The library's version, as "0.1.0". */
OPTOUT_API const char *optout_version(void);

#ifdef __cplusplus
}
#endif

#endif
