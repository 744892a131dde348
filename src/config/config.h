/* src/config/config.h: the one small file `optout.conf` in the data directory.
 *
 * Everything has a default, and nothing must be configured to begin. Lines of `name = value` under
 * a section; `#` starts a comment line. A file with an error is refused as a whole, every error
 * told with its line and reason, since half a configuration would be a guess.
 *
 *   default_country = US              # national phone numbers are read as of this country
 *   base_url = https://opt.example.com
 *   keep_addresses = yes              # sealed, for export and other systems; no: digests alone
 *   consent = opt-out                 # or opt-in: no record means deny; for all senders
 *
 *   [sender acme]
 *   title = Acme
 *   title.de = Acme GmbH
 *   consent = opt-in                  # for all channels of this sender
 *   consent.post = opt-out            # for one channel
 *
 *   [topic acme/news]
 *   title = Newsletter
 *   title.de = Rundbrief
 *   description = What is new in the shop
 *   frequency = about 2 a week
 *   consent = opt-in
 *
 * A configuration is immutable once parsed; any thread may read it.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/span.h"
#include "base/status.h"
#include "event/event.h"

enum { CONFIG_BYTES_MAX = 1 << 20, CONFIG_SENDERS_MAX = 1000, CONFIG_TOPICS_MAX = 10000 };

struct config;

/* Told once for each error, in line order. `line` starts at 1; `what` is a static phrase, `text`
 * the piece of the line at fault. */
typedef void config_complain(void *context, size_t line, const char *what, struct span text);

/* Parses a whole file; empty text gives the defaults. OK, REFUSED (after complaining), NO_MEMORY.
 * `complain` may be NULL. The configuration copies what it keeps. */
enum status config_parse(struct span text, struct config **out, config_complain *complain,
                         void *context) MUST_CHECK;
void config_free(struct config *c);

const char *config_default_country(const struct config *c); /* "" when not set */
const char *config_base_url(const struct config *c);        /* "" when not set */
bool config_keep_addresses(const struct config *c);

/* Does no record mean deny for this question? The topic's word counts before the sender's, the
 * sender's before the file's; within each the channel's before the general. */
bool config_consent_required(const struct config *c, const struct scope *question);

/* Senders and their topics, in file order. Titles fall back: the language asked for (`pt-BR`, then
 * `pt`), the plain title, the name itself; never NULL. */
size_t config_sender_count(const struct config *c);
const struct word *config_sender_name(const struct config *c, size_t sender);
const char *config_sender_title(const struct config *c, size_t sender, const char *language);
size_t config_topic_count(const struct config *c, size_t sender);
const struct word *config_topic_name(const struct config *c, size_t sender, size_t topic);
const char *config_topic_title(const struct config *c, size_t sender, size_t topic,
                               const char *language);
/* "" when not set. */
const char *config_topic_description(const struct config *c, size_t sender, size_t topic,
                                     const char *language);
const char *config_topic_frequency(const struct config *c, size_t sender, size_t topic,
                                   const char *language);

#endif
