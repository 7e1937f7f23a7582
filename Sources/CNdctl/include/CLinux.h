/* What the C library defines only as macros, or only with _GNU_SOURCE. */
#ifndef DAXPROV_CLINUX_H
#define DAXPROV_CLINUX_H

#include <stdint.h>

/* open(2)'s flag for transfers past the page cache; its value differs between architectures. */
int daxprov_o_direct(void);

/* Reserves the blocks of the first `length` bytes of a file, without changing its size: 0, or -1 with errno
 * (fallocate(2), FALLOC_FL_KEEP_SIZE). */
int daxprov_reserve(int descriptor, int64_t length);

/* The parts of a device number, and the number of two parts. */
uint32_t daxprov_device_major(uint64_t device);
uint32_t daxprov_device_minor(uint64_t device);
uint64_t daxprov_device_number(uint32_t major, uint32_t minor);

/* The type of file that `path` leads to (S_IFCHR, ...), and where it is a device node its number; 0 where there is none.
 * A file system over a network is not asked (statx(2), AT_STATX_DONT_SYNC): its server may never answer. */
uint32_t daxprov_node(const char *path, uint64_t *number);

/* The calling thread's errno. */
int daxprov_errno(void);

#endif
