/* What the C library defines only as macros, or only with _GNU_SOURCE. */
#ifndef DAXPROV_CLINUX_H
#define DAXPROV_CLINUX_H

#include <stdbool.h>
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

/* Gives the node of the character device with this number an owner, a group and permission bits; a link is not followed. In
 * between nobody but root and its owner may open it. Returns 0, -1 where the path leads to something else, or the errno of what failed. */
int daxprov_give_node(const char *path, uint64_t number, uint32_t owner, uint32_t group, uint32_t permissions);

/* Locks a file as a whole for whoever has this open file description: 0, or -1 with errno, which is EAGAIN where another
 * one holds it (fcntl(2), F_OFD_SETLK). The descriptor is open for writing. */
int daxprov_lock(int descriptor);

/* Whether another open file description holds that lock: 1 or 0, or -1 with errno. Takes nothing (F_OFD_GETLK). */
int daxprov_is_locked(int descriptor);

/* Whether this process may look into the processes of others: CAP_SYS_PTRACE is among its effective capabilities. */
bool daxprov_may_trace(void);

/* Reads an extended attribute of a file, which is not followed where it is a link: its length, or -1 with errno
 * (lgetxattr(2)); and the same of an open file (fgetxattr(2)). */
int64_t daxprov_attribute(const char *path, const char *name, void *bytes, uint64_t size);
int64_t daxprov_attribute_of(int descriptor, const char *name, void *bytes, uint64_t size);

/* The number of the block device that a loop device, open under this descriptor, lies on, in `number`: 1; 0 where it lies
 * on a file, or -1 with errno (ioctl LOOP_GET_STATUS64). */
int daxprov_loop_backing(int descriptor, uint64_t *number);

/* The calling thread's errno. */
int daxprov_errno(void);

#endif
