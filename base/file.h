/* base/file.h: the only door to files, locks and mappings.
 *
 * Writes are whole or fail; EINTR and short writes are met here and nowhere else. Any thread; a
 * struct of these belongs to one thread at a time.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"

#include <sys/types.h>

enum { PATH_BYTES = 4096 };

/* "dir/name" into `out`; REFUSED when it does not fit. */
enum status path_join(char out[PATH_BYTES], const char *dir, const char *name) MUST_CHECK;

/* Writes all of it: OK, NO_SPACE, IO_FAILED. */
enum status fd_write(int fd, const void *p, size_t n) MUST_CHECK;
/* Reads until `n` bytes or the end; *got says how many. */
enum status fd_read(int fd, void *p, size_t n, size_t *got) MUST_CHECK;

/* Appends the whole file to `out` (whose ceiling bounds it). */
enum status file_read(const char *path, struct buf *out, struct problem *why) MUST_CHECK;

/* Puts `content` at `path` so that after a crash either the old or the new content is there:
 * a temporary file beside it, fsync, rename, fsync of the directory. */
enum status file_replace(const char *path, struct span content, mode_t mode,
                         struct problem *why) MUST_CHECK;

/* Creates `path` with `content` only if nothing is there (else BUSY); durable as file_replace. */
enum status file_create(const char *path, struct span content, mode_t mode,
                        struct problem *why) MUST_CHECK;

/* Makes renames and creations in `dir` durable. */
enum status dir_sync(const char *dir, struct problem *why) MUST_CHECK;

/* A lock between processes, and between threads that opened it apart. It is freed by the kernel
 * when its holder dies. */
struct file_lock {
    int fd; /* -1: not open */
};
enum status file_lock_open(struct file_lock *l, const char *path, struct problem *why) MUST_CHECK;
/* Waits up to `timeout_us` (-1: for ever): OK or BUSY. */
enum status file_lock_take(struct file_lock *l, int64_t timeout_us) MUST_CHECK;
void file_lock_release(struct file_lock *l);
void file_lock_close(struct file_lock *l);

#endif
