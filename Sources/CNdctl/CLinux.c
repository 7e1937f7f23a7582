#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

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

static int give(int descriptor, uint64_t number, uint32_t owner, uint32_t group, uint32_t permissions) {
    struct stat status;
    char name[32];

    if (fstat(descriptor, &status) != 0)
        return errno;
    if (!S_ISCHR(status.st_mode) || status.st_rdev != number)
        return -1;
    /* What is open with O_PATH alone has no mode to change, but its name below /proc has. */
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    /* With an access control list, the bits of the group are not its own. */
    removexattr(name, "system.posix_acl_access");
    if (status.st_uid == owner && status.st_gid == group && (status.st_mode & 07777) == permissions)
        return 0;
    if (chmod(name, 0) != 0)
        return errno;
    if (fchownat(descriptor, "", owner, group, AT_EMPTY_PATH) == 0 && chmod(name, permissions) == 0)
        return 0;
    int code = errno;
    chmod(name, status.st_mode & 07777);
    return code;
}

int daxprov_give_node(const char *path, uint64_t number, uint32_t owner, uint32_t group, uint32_t permissions) {
    int descriptor = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (descriptor < 0)
        return errno;
    int code = give(descriptor, number, owner, group, permissions);
    close(descriptor);
    return code;
}

int daxprov_lock(int descriptor) {
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int daxprov_is_locked(int descriptor) {
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    if (fcntl(descriptor, F_OFD_GETLK, &lock) != 0)
        return -1;
    return lock.l_type != F_UNLCK;
}

bool daxprov_may_trace(void) {
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    return data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
}

int64_t daxprov_attribute(const char *path, const char *name, void *bytes, uint64_t size) {
    return lgetxattr(path, name, bytes, size);
}

int64_t daxprov_attribute_of(int descriptor, const char *name, void *bytes, uint64_t size) {
    return fgetxattr(descriptor, name, bytes, size);
}

int daxprov_loop_backing(int descriptor, uint64_t *number) {
    struct loop_info64 info = { 0 };

    if (ioctl(descriptor, LOOP_GET_STATUS64, &info) != 0)
        return -1;
    /* The kernel encodes it as stat(2) does (huge_encode_dev). */
    *number = info.lo_rdevice;
    return info.lo_rdevice != 0;
}

int daxprov_errno(void) {
    return errno;
}
