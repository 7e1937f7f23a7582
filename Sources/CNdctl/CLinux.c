#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
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

int daxprov_errno(void) {
    return errno;
}
