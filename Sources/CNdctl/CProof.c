#define _GNU_SOURCE
#include "CProof.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CChild.h"

#ifndef STATX_ATTR_DAX
#define STATX_ATTR_DAX 0x00200000
#endif

#define PAGE ((uint64_t)4096)
#define LARGE ((uint64_t)2 << 20)
/* As much of a device as is loaded page by page. */
#define DENSE ((uint64_t)4 << 20)
#define FILE_LENGTH ((uint64_t)8 << 20)
/* More faults than one can come of the child's own memory. */
#define FEW 16

/* In the child, everything below: nothing but calls that are safe after fork in a program with threads. */

static void end(struct daxprov_proof *proof, int step) {
    proof->step = step;
    proof->code = errno;
    _exit(0);
}

static uint64_t faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt;
}

/* The physical page at an address that was touched; 0 where the kernel does not say (not root, or a page of 1 GiB). */
static uint64_t frame(const volatile void *address) {
    uint64_t entry = 0;
    int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = pread(file, &entry, sizeof entry, (off_t)((uintptr_t)address / PAGE * sizeof entry));
    close(file);
    if (count != sizeof entry || !(entry >> 63)) return 0;
    return entry & (((uint64_t)1 << 55) - 1);
}

/* A mapping at a multiple of `align`, since a page is as large as address and offset allow. */
static void *map(int file, uint64_t offset, uint64_t length, uint64_t align, int protection, int flags) {
    char *room = mmap(NULL, length + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return MAP_FAILED;
    char *place = room + (align - (uintptr_t)room % align) % align;
    return mmap(place, length, protection, MAP_SHARED_VALIDATE | MAP_FIXED | flags, file, (off_t)offset);
}

/* Touches `length` bytes once for each `step`, and counts the faults of that. */
static __attribute__((noinline)) uint64_t touch_piece(volatile char *start, uint64_t length, uint64_t step, bool stores) {
    uint64_t before = faults();
    for (uint64_t at = 0; at < length; at += step) {
        if (stores)
            start[at] = 1;
        else
            (void)start[at];
    }
    return faults() - before;
}

/* Touches every page of the first `dense` bytes, and a byte of every 2 MiB behind them, and counts. */
static void touch(struct daxprov_proof *proof, volatile char *start, uint64_t dense, bool stores) {
    /* A rehearsal: a child has its parent's pages, the code among them, only after it has touched them once. */
    volatile char own[2] = {0};
    touch_piece(own, sizeof own, 1, true);
    touch_piece(own, sizeof own, 1, false);
    proof->faults = 0;
    for (uint64_t base = 0; base < dense; base += LARGE) {
        uint64_t length = base + LARGE < dense ? LARGE : dense - base;
        uint64_t taken = touch_piece(start + base, length, PAGE, stores);
        proof->faults += taken;
        if (length == LARGE) {
            proof->chunks += 1;
            proof->large += taken < FEW;
        }
    }
    if (dense < proof->length) proof->faults += touch_piece(start + dense, proof->length - dense, LARGE, stores);
    proof->mapped = 1;
    proof->frame = frame(start);
}

static int dax_attribute(int file) {
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_TYPE, &status) != 0) return -1;
    if (!(status.stx_attributes_mask & STATX_ATTR_DAX)) return -1;
    return (status.stx_attributes & STATX_ATTR_DAX) != 0;
}

static void prove_device(struct daxprov_proof *proof, int file, uint64_t offset, uint64_t length, uint64_t align) {
    proof->dax = dax_attribute(file);
    proof->length = length;
    void *start = map(file, offset, length, align, PROT_READ, MAP_SYNC);
    if (start == MAP_FAILED) {
        proof->sync = errno;
        start = map(file, offset, length, align, PROT_READ, 0);
    }
    if (start == MAP_FAILED) end(proof, DAXPROV_PROOF_MAP);
    proof->step = DAXPROV_PROOF_TOUCH;
    touch(proof, start, length < DENSE ? length : DENSE, false);
    errno = 0;
    end(proof, DAXPROV_PROOF_DONE);
}

static const char own[] = ".daxprov-verify";

/* The directory for files with the attribute, open; -1 with errno. What a run that was killed has left of it is empty, and goes. */
static int open_own(int directory) {
    for (int attempt = 0; attempt < 3; attempt++) {
        if (mkdirat(directory, own, 0700) != 0) {
            if (errno != EEXIST || unlinkat(directory, own, AT_REMOVEDIR) != 0) return -1;
            continue;
        }
        int found = openat(directory, own, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;
        struct fsxattr attributes;
        if (found >= 0 && fstat(found, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 0777) == 0700 &&
            ioctl(found, FS_IOC_FSGETXATTR, &attributes) == 0) {
            attributes.fsx_xflags |= FS_XFLAG_DAX;
            if (ioctl(found, FS_IOC_FSSETXATTR, &attributes) == 0) return found;
        }
        int code = errno;
        unlinkat(directory, own, AT_REMOVEDIR);
        /* Another verification of the same file system takes it for a leftover. */
        if (found >= 0 || code != ENOENT) {
            errno = code;
            return -1;
        }
    }
    errno = EBUSY;
    return -1;
}

static int make_file(int directory) {
    return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
}

/* A file in a directory of its own, which is gone when this returns. No signal but SIGKILL ends the child in between. */
static int make_file_with_attribute(struct daxprov_proof *proof, int directory) {
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    int inside = open_own(directory);
    if (inside < 0) end(proof, DAXPROV_PROOF_OWN_DIRECTORY);
    int file = make_file(inside);
    int code = errno;
    unlinkat(directory, own, AT_REMOVEDIR);
    sigprocmask(SIG_SETMASK, &old, NULL);
    errno = code;
    return file;
}

/* How much space the file takes: 0 where there is too little. */
static uint64_t file_length(int file) {
    struct statfs status;
    if (fstatfs(file, &status) != 0) return 0;
    uint64_t available = (uint64_t)status.f_bavail * (uint64_t)status.f_bsize;
    uint64_t length = FILE_LENGTH;
    while (length > available / 4) length /= 2;
    if (length >= 64 * 1024) return length;
    errno = ENOSPC;
    return 0;
}

static void prove_file(struct daxprov_proof *proof, const char *path, uint64_t device, int attribute) {
    struct stat status;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fstat(directory, &status) != 0) end(proof, DAXPROV_PROOF_DIRECTORY);
    errno = 0;
    if (status.st_dev != device) end(proof, DAXPROV_PROOF_DEVICE);
    int file = attribute ? make_file_with_attribute(proof, directory) : make_file(directory);
    if (file < 0) end(proof, DAXPROV_PROOF_FILE);
    proof->dax = dax_attribute(file);
    proof->length = file_length(file);
    if (proof->length == 0) end(proof, DAXPROV_PROOF_SPACE);
    if (fallocate(file, 0, 0, (off_t)proof->length) != 0) end(proof, DAXPROV_PROOF_SPACE);
    void *start = map(file, 0, proof->length, LARGE, PROT_READ | PROT_WRITE, MAP_SYNC);
    if (start == MAP_FAILED) {
        proof->sync = errno;
        /* Stores through the page cache would prove nothing. */
        if (proof->dax == 1) start = map(file, 0, proof->length, LARGE, PROT_READ | PROT_WRITE, 0);
    }
    if (start != MAP_FAILED) {
        proof->step = DAXPROV_PROOF_TOUCH;
        touch(proof, start, proof->length, true);
        munmap(start, proof->length);
    } else if (proof->dax == 1) {
        end(proof, DAXPROV_PROOF_MAP);
    }
    /* The space is free at once: the file system may take its time over a file that goes. */
    (void)!ftruncate(file, 0);
    errno = 0;
    end(proof, DAXPROV_PROOF_DONE);
}

/* The parent's part. */

/* In the child: it ends with its parent, by a signal that can be held back; and a fault ends it quietly. */
static void prepare(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(ECHILD);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    daxprov_let_go_of_streams();
}

static struct daxprov_proof *share(void) {
    struct daxprov_proof *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return NULL;
    memset(shared, 0, sizeof *shared);
    shared->dax = -1;
    return shared;
}

/* What a child is to prove: a mapping of a device, or, with a path, a file in a directory. */
struct task {
    int descriptor;
    uint64_t offset, length, align;
    const char *path;
    uint64_t device;
    int attribute;
};

static int prove(const struct task *task, int seconds, struct daxprov_proof *proof) {
    struct daxprov_proof *shared = share();
    if (!shared) return errno;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prepare(parent);
        if (task->path)
            prove_file(shared, task->path, task->device, task->attribute);
        else
            prove_device(shared, task->descriptor, task->offset, task->length, task->align);
    }
    int status = 0;
    int code = child < 0 ? errno : daxprov_wait_or_kill(child, seconds, &status);
    *proof = *shared;
    munmap(shared, sizeof *shared);
    if (code == 0 && WIFSIGNALED(status)) proof->signal = WTERMSIG(status);
    return code;
}

int daxprov_prove_device(
    int descriptor, uint64_t offset, uint64_t length, uint64_t align, int seconds, struct daxprov_proof *proof) {
    struct task task = {.descriptor = descriptor, .offset = offset, .length = length, .align = align};
    return prove(&task, seconds, proof);
}

int daxprov_prove_file(
    const char *directory, uint64_t device, int attribute, int seconds, struct daxprov_proof *proof) {
    struct task task = {.path = directory, .device = device, .attribute = attribute};
    return prove(&task, seconds, proof);
}
