/* base/input_codec.h: what input.c asks of a packing format. Private to base/input*.c.
 *
 * A decoder is fed any slices of the packed bytes and hands out the unpacked ones.
 */
#ifndef BASE_INPUT_CODEC_H
#define BASE_INPUT_CODEC_H

#include "base/span.h"
#include "base/status.h"

struct decoder; /* each codec's own */

struct decoder_step {
    size_t used, made; /* bytes read from the slice, bytes written */
    bool whole;        /* what was fed up to `used` is a whole number of members or frames */
};

struct codec {
    const char *name;
    struct span magic;
    struct decoder *(*open)(void); /* NULL: no memory */
    /* Goes as far as `in` or `room` allows: OK, DAMAGED or NO_MEMORY. */
    enum status (*step)(struct decoder *d, struct span in, void *out, size_t room,
                        struct decoder_step *did);
    void (*close)(struct decoder *d);
};

extern const struct codec codec_gzip, codec_zstd;

#endif
