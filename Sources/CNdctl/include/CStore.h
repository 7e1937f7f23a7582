/* A store that the kernel may take very long over. */
#ifndef DAXPROV_CSTORE_H
#define DAXPROV_CSTORE_H

#include <stddef.h>

/* Writes `length` bytes into the file at `path`, below the directory that `directory` is open on, in a child of its own: the kernel
 * takes a memory block offline for as long as it can move its pages, and only a signal that kills ends that (mm/memory_hotplug.c,
 * offline_pages).
 * Returns 0, the errno of the failed call, or ETIMEDOUT where the child was killed after `seconds`. Where not even that ended it
 * within a second, the child is left to itself, and what becomes of the store is not known: EINPROGRESS. */
int daxprov_store_with_deadline(int directory, const char *path, const void *bytes, size_t length, int seconds);

/* Runs the program at `path` with up to two arguments (NULL ends them), without a shell, its output to /dev/null, and waits for its end.
 * Returns 0 where it ended with 0, else its exit status, or -errno where it could not be run. */
int daxprov_run(const char *path, const char *first, const char *second);

#endif
