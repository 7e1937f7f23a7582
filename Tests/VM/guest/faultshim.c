/* Preloaded into a program (LD_PRELOAD), counts the calls by which it changes the machine, and at one of
 * them makes something go wrong. It works for any program that is linked dynamically to glibc.
 *
 *   FAULT_PATHS   path prefixes that count, separated by semicolons; default /sys;/dev/pmem;/dev/dax;/dev/nmem
 *   FAULT_CALLS   comma-separated groups that count; default write
 *                   write   write, writev, pwrite, pwritev, pwrite64
 *                   sync    fsync, fdatasync
 *                   rename  rename, renameat, renameat2 (counted by the new path)
 *                   unlink  unlink, unlinkat
 *                   open    open, openat, openat64 with a flag to write or create
 *                   look    open, openat, openat64 to read only
 *                   read    read, pread, pread64, and readdir, readdir64 (counted by the directory)
 *                   ask     access, faccessat, stat, lstat, fstatat, statx, readlink, readlinkat, opendir
 *                   ioctl   ioctl (label areas are read and written so)
 *                   truncate ftruncate, fallocate
 *                   rights  chmod, fchownat of an open file
 *   FAULT_AT      the number of the call, from 1, at which to act; absent or 0: never
 *   FAULT_DO      errno:NUMBER   the call is not made and fails with this errno
 *                 errno-from:NUMBER  the same for this and every later call
 *                 kill-before    SIGKILL to this process instead of the call
 *                 kill-after     SIGKILL right after the call
 *                 stop-before    SIGSTOP to this process before the call, which is made when it is continued
 *                 mark-before    report the mark to the host, which cuts the machine's power, before the call
 *                 mark-after     the same right after the call
 *   FAULT_MARK    the mark to report; default fault
 *   FAULT_LOG     a file to which each counted call appends a line: NUMBER CALL PATH
 *
 * Each process counts its own calls. Calls inside libc (stdio's buffers) are not seen.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MARK_PORT "/dev/virtio-ports/mark"

static atomic_int calls;
static _Thread_local bool kill_after, mark_after;

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

/* The next definition of a function, in libc. */
#define REAL(name)                                                                                           \
    static __typeof__(&name) real;                                                                           \
    if (!real) {                                                                                             \
        int before = errno;                                                                                  \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                   \
        errno = before;                                                                                      \
    }

static bool listed(const char *list, const char *separators, const char *item, bool prefix)
{
    while (*list) {
        size_t length = strcspn(list, separators);
        if (length && strncmp(list, item, length) == 0 && (prefix || item[length] == 0))
            return true;
        list += length + (list[length] != 0);
    }
    return false;
}

/* Where a link leads, past the wrapper below; negative where it is none. */
static ssize_t raw_readlink(const char *link, char *path, size_t size)
{
    int saved = errno;
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, size);
    errno = saved;
    return length;
}

static void raw_write(int fd, const char *text)
{
    syscall(SYS_write, fd, text, strlen(text));
}

static void log_call(int number, const char *call, const char *path)
{
    const char *log = setting("FAULT_LOG", NULL);
    if (!log)
        return;
    char line[PATH_MAX + 64];
    snprintf(line, sizeof line, "%d %s %s\n", number, call, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    raw_write(fd, line);
    syscall(SYS_close, fd);
}

static void report_mark_and_wait(void)
{
    char line[256];
    snprintf(line, sizeof line, "%s\n", setting("FAULT_MARK", "fault"));
    int fd = (int)syscall(SYS_openat, AT_FDCWD, MARK_PORT, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        raw_write(2, "faultshim: cannot open " MARK_PORT "\n");
        _exit(125);
    }
    raw_write(fd, line);
    for (;;)
        pause();
}

static void kill_self(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Counts a call; true when it must fail, with errno set. */
static bool intercept(const char *group, const char *call, const char *path)
{
    int saved = errno;
    if (!listed(setting("FAULT_CALLS", "write"), ",", group, false) ||
        !listed(setting("FAULT_PATHS", "/sys;/dev/pmem;/dev/dax;/dev/nmem"), ";", path, true)) {
        errno = saved;
        return false;
    }
    int number = atomic_fetch_add(&calls, 1) + 1;
    log_call(number, call, path);
    errno = saved;
    int at = atoi(setting("FAULT_AT", "0"));
    const char *action = setting("FAULT_DO", "");
    if (at && number >= at && strncmp(action, "errno-from:", 11) == 0) {
        errno = atoi(action + 11);
        return true;
    }
    if (number != at)
        return false;

    if (strcmp(action, "kill-before") == 0)
        kill_self();
    if (strcmp(action, "stop-before") == 0)
        kill(getpid(), SIGSTOP);
    if (strcmp(action, "mark-before") == 0)
        report_mark_and_wait();
    kill_after = strcmp(action, "kill-after") == 0;
    mark_after = strcmp(action, "mark-after") == 0;
    if (strncmp(action, "errno:", 6) == 0) {
        errno = atoi(action + 6);
        return true;
    }
    return false;
}

static void after_call(void)
{
    if (kill_after)
        kill_self();
    if (mark_after)
        report_mark_and_wait();
}

static bool intercept_fd(const char *group, const char *call, int fd)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = raw_readlink(link, path, sizeof path - 1);
    if (length < 0)
        return false;
    path[length] = 0;
    return intercept(group, call, path);
}

static bool intercept_at(const char *group, const char *call, int directory, const char *path)
{
    char link[64], whole[2 * PATH_MAX];
    if (!path)
        return false; /* the kernel's EFAULT: libndctl asks for files of a bus that it takes for another kind */
    if (*path == '/')
        return intercept(group, call, path);
    if (directory == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = raw_readlink(link, whole, PATH_MAX);
    if (length < 0)
        return false;
    snprintf(whole + length, PATH_MAX, "/%s", path);
    return intercept(group, call, whole);
}

/* Defines the function NAME in place of libc's. CHECK counts it; the rest is passed on. What fails returns FAILURE. */
#define WRAP_AS(failure, type, name, parameters, arguments, check)                                           \
    type name parameters                                                                                     \
    {                                                                                                        \
        REAL(name);                                                                                          \
        if (check)                                                                                           \
            return failure;                                                                                  \
        type result = real arguments;                                                                        \
        after_call();                                                                                        \
        return result;                                                                                       \
    }

#define WRAP(...) WRAP_AS(-1, __VA_ARGS__)

WRAP(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size), intercept_fd("read", "read", fd))
WRAP(ssize_t, pread, (int fd, void *data, size_t size, off_t at), (fd, data, size, at),
     intercept_fd("read", "pread", fd))
WRAP(ssize_t, pread64, (int fd, void *data, size_t size, off64_t at), (fd, data, size, at),
     intercept_fd("read", "pread64", fd))
WRAP_AS(NULL, struct dirent *, readdir, (DIR *directory), (directory),
        intercept_fd("read", "readdir", dirfd(directory)))
WRAP_AS(NULL, struct dirent64 *, readdir64, (DIR *directory), (directory),
        intercept_fd("read", "readdir64", dirfd(directory)))
WRAP_AS(NULL, DIR *, opendir, (const char *path), (path), intercept_at("ask", "opendir", AT_FDCWD, path))
WRAP(int, access, (const char *path, int mode), (path, mode), intercept_at("ask", "access", AT_FDCWD, path))
WRAP(int, faccessat, (int directory, const char *path, int mode, int flags), (directory, path, mode, flags),
     intercept_at("ask", "faccessat", directory, path))
WRAP(int, stat, (const char *path, struct stat *status), (path, status),
     intercept_at("ask", "stat", AT_FDCWD, path))
WRAP(int, lstat, (const char *path, struct stat *status), (path, status),
     intercept_at("ask", "lstat", AT_FDCWD, path))
WRAP(int, fstatat, (int directory, const char *path, struct stat *status, int flags),
     (directory, path, status, flags), intercept_at("ask", "fstatat", directory, path))
WRAP(int, statx, (int directory, const char *path, int flags, unsigned mask, struct statx *status),
     (directory, path, flags, mask, status), intercept_at("ask", "statx", directory, path))
WRAP(ssize_t, readlink, (const char *path, char *target, size_t size), (path, target, size),
     intercept_at("ask", "readlink", AT_FDCWD, path))
WRAP(ssize_t, readlinkat, (int directory, const char *path, char *target, size_t size),
     (directory, path, target, size), intercept_at("ask", "readlinkat", directory, path))
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size),
     intercept_fd("write", "write", fd))
WRAP(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count),
     intercept_fd("write", "writev", fd))
WRAP(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at),
     intercept_fd("write", "pwrite", fd))
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at),
     intercept_fd("write", "pwrite64", fd))
WRAP(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at),
     intercept_fd("write", "pwritev", fd))
WRAP(int, fsync, (int fd), (fd), intercept_fd("sync", "fsync", fd))
WRAP(int, fdatasync, (int fd), (fd), intercept_fd("sync", "fdatasync", fd))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), intercept_fd("truncate", "ftruncate", fd))
WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size),
     intercept_fd("truncate", "fallocate", fd))
WRAP(int, unlink, (const char *path), (path), intercept_at("unlink", "unlink", AT_FDCWD, path))
WRAP(int, unlinkat, (int directory, const char *path, int flags), (directory, path, flags),
     intercept_at("unlink", "unlinkat", directory, path))
WRAP(int, rename, (const char *old, const char *new), (old, new),
     intercept_at("rename", "rename", AT_FDCWD, new))
WRAP(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new),
     intercept_at("rename", "renameat", to, new))
WRAP(int, renameat2, (int from, const char *old, int to, const char *new, unsigned flags),
     (from, old, to, new, flags), intercept_at("rename", "renameat2", to, new))

WRAP(int, chmod, (const char *path, mode_t mode), (path, mode), intercept_at("rights", "chmod", AT_FDCWD, path))
WRAP(int, fchownat, (int fd, const char *path, uid_t owner, gid_t group, int flags), (fd, path, owner, group, flags),
     intercept_fd("rights", "fchownat", fd))

static bool opens_to_change(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
}

static bool has_mode(int flags)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define WRAP_OPEN(name, parameters, call_with_mode, directory)                                               \
    int name parameters                                                                                      \
    {                                                                                                        \
        REAL(name);                                                                                          \
        mode_t mode = 0;                                                                                     \
        if (has_mode(flags)) {                                                                               \
            va_list rest;                                                                                    \
            va_start(rest, flags);                                                                           \
            mode = va_arg(rest, mode_t);                                                                     \
            va_end(rest);                                                                                    \
        }                                                                                                    \
        if (intercept_at(opens_to_change(flags) ? "open" : "look", #name, directory, path))                  \
            return -1;                                                                                       \
        int result = real call_with_mode;                                                                    \
        after_call();                                                                                        \
        return result;                                                                                       \
    }

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
WRAP_OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), at)
WRAP_OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), at)

int ioctl(int fd, unsigned long request, ...)
{
    static int (*real)(int, unsigned long, ...);
    if (!real)
        real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (intercept_fd("ioctl", "ioctl", fd))
        return -1;
    int result = real(fd, request, argument);
    after_call();
    return result;
}
