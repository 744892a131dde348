/* src/config/model.h: a parsed configuration as the files of this room share it. Private.
 *
 * The file's text is copied once; values are cut out of that copy in place, each with a zero at
 * its end. The settings of one section stand next to each other in `entries`, and after the
 * parsing so do the topics of one sender in `topics`.
 */
#ifndef CONFIG_MODEL_H
#define CONFIG_MODEL_H

#include "config/config.h"

enum {
    CONFIG_LINE_MAX = 4096,  /* bytes of a line without its end */
    CONFIG_ERRORS_MAX = 100, /* told before the rest of a file is left alone */
    CONFIG_SECTION_ENTRIES_MAX = 500,
    CONFIG_TITLE_MAX = 200, /* bytes; a frequency too */
    CONFIG_DESCRIPTION_MAX = 1000,
    CONFIG_URL_MAX = 200,   /* leaves room for a token in a header line of 998 bytes */
    LANGUAGE_BYTES = 16,    /* xxx-Xxxx-XXX and its zero, rounded up */
    LANGUAGE_ASKED_MAX = 35 /* what is looked at of a tag asked for (RFC 5646, 4.4.1) */
};

enum key {
    KEY_DEFAULT_COUNTRY,
    KEY_BASE_URL,
    KEY_KEEP_ADDRESSES,
    KEY_CONSENT,
    KEY_TITLE,
    KEY_DESCRIPTION,
    KEY_FREQUENCY,
    KEY_COUNT
};

/* One setting. */
struct entry {
    enum key key;
    enum channel channel;          /* consent: CHANNEL_ANY for the general word */
    char language[LANGUAGE_BYTES]; /* texts: "" for the plain one, else as language_parse has it */
    const char *value;
    bool yes; /* keep_addresses: yes; consent: opt-in */
    size_t line;
};

enum level { LEVEL_FILE, LEVEL_SENDER, LEVEL_TOPIC, LEVEL_COUNT };

/* The head of the file, a sender or a topic. */
struct section {
    enum level level;
    struct word name;
    char text[WORD_MAX + 1];         /* the name again, with a zero at its end */
    size_t line;                     /* of its header; 0 when a topic implied it */
    size_t first, count;             /* its settings in entries */
    size_t sender;                   /* topics: whose */
    size_t first_topic, topic_count; /* senders: theirs */
};

struct config {
    char *text;
    struct entry *entries;
    struct section file, *senders, *topics;
    size_t entry_count, sender_count, topic_count;
    size_t entry_room, sender_room, topic_room;
};

/* The section of that name (of that sender), or NULL. */
struct section *find_sender(const struct config *c, const struct word *name);
struct section *find_topic(const struct config *c, size_t sender, const struct word *name);

#endif
