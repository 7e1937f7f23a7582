/* Filling memory and block devices with zeroes. */
#ifndef DAXPROV_CZERO_H
#define DAXPROV_CZERO_H

#include <stddef.h>
#include <stdint.h>

/* Maps a part of the character device that `descriptor` has open for reading and writing, with MAP_SYNC: what is stored there needs no
 * call to become durable. Offset and length are multiples of the device's alignment. Returns 0, with the address in `memory`, or an
 * errno. */
int daxprov_map_synchronously(int descriptor, uint64_t offset, uint64_t length, void **memory);

/* Fills mapped memory with zeroes, past the CPU's caches, and returns when the stores have left the CPU. Address and length are multiples
 * of 64.
 * Returns 0; EINVAL for another address or length; EIO where a store ended with SIGBUS (a media error, or a device that went away), with the
 * offset of the byte in `failed`: what lies before it may be zeroed. Not for two threads at once. */
int daxprov_zero_memory(void *memory, uint64_t length, uint64_t *failed);

/* Fills a range of the block device that `descriptor` has open for writing with zeroes (ioctl BLKZEROOUT); the kernel drops what its page
 * cache has of it, and a pmem driver clears media errors that lie there. Offset and length are multiples of the sector size. Returns 0 or an
 * errno. */
int daxprov_zero_block(int descriptor, uint64_t offset, uint64_t length);

/* The size of the block device that `descriptor` has open, in bytes (ioctl BLKGETSIZE64); 0 where it cannot be told. */
uint64_t daxprov_block_size(int descriptor);

/* Has the kernel read the partition table of the block device again (ioctl BLKRRPART). Returns 0 or an errno. */
int daxprov_read_partitions(int descriptor);

#endif
