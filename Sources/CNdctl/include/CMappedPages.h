/* Reading and clearing a device that can only be mapped. */
#ifndef DAXPROV_CMAPPEDPAGES_H
#define DAXPROV_CMAPPEDPAGES_H

#include <stddef.h>
#include <stdint.h>

/* The CRC-32C of each of `count` pages of 4 KiB, in `sums`: of the character device that `descriptor` is open on, whose `offsets` are
 * counted from its start. Each lies within the window of `window` bytes (a multiple of the device's alignment) that is mapped for it.
 * It is done in a child of its own, since a media error under a mapping ends the process with SIGBUS.
 * Returns 0; the errno of the failed call; EIO where a media error ended the child, EINTR where another signal did; ETIMEDOUT where it took
 * longer than `seconds`, EINPROGRESS where it cannot even be ended. */
int daxprov_checksum_mapped(int descriptor, uint64_t window, const uint64_t *offsets, size_t count, uint32_t *sums,
                            int seconds);

/* Fills the first `size` bytes of the character device that `descriptor` is open on with zeroes, mapped in windows that are multiples of
 * `align`. In a child of its own, as above, which takes as long as it takes. Returns as above, but for ETIMEDOUT. */
int daxprov_zero_mapped(int descriptor, uint64_t align, uint64_t size);

#endif
