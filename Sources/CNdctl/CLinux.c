#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int daxprov_o_direct(void) {
    return O_DIRECT;
}

int daxprov_reserve(int descriptor, int64_t length) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, length);
}

uint32_t daxprov_device_major(uint64_t device) {
    return major(device);
}

uint32_t daxprov_device_minor(uint64_t device) {
    return minor(device);
}

uint64_t daxprov_device_number(uint32_t major, uint32_t minor) {
    return makedev(major, minor);
}

uint32_t daxprov_node(const char *path, uint64_t *number) {
    struct statx status;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &status) != 0) return 0;
    *number = makedev(status.stx_rdev_major, status.stx_rdev_minor);
    return status.stx_mode & S_IFMT;
}

int daxprov_errno(void) {
    return errno;
}
