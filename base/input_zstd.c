/* base/input_zstd.c: the door to libzstd.
 *
 * Frames may follow one another, skippable ones among them; the library sees to that. Its own
 * limit of 128 MiB for a frame's window stays in force. Its decoder allocates for itself: the
 * hook for that is not part of its stable interface.
 */
#include "base/input_codec.h"

#include <zstd.h>

static struct decoder *zstd_open(void)
{
    return (struct decoder *)ZSTD_createDStream();
}

static enum status zstd_step(struct decoder *d, struct span in, void *out, size_t room,
                             struct decoder_step *did)
{
    ZSTD_inBuffer input = {in.p, in.n, 0};
    ZSTD_outBuffer output = {out, room, 0};
    size_t left = ZSTD_decompressStream((ZSTD_DStream *)d, &output, &input);
    *did = (struct decoder_step){.used = input.pos, .made = output.pos, .whole = left == 0};
    return ZSTD_isError(left) ? DAMAGED : OK;
}

static void zstd_close(struct decoder *d)
{
    (void)ZSTD_freeDStream((ZSTD_DStream *)d);
}

const struct codec codec_zstd = {
    .name = "zstd",
    .magic = {"\x28\xb5\x2f\xfd", 4},
    .open = zstd_open,
    .step = zstd_step,
    .close = zstd_close,
};
