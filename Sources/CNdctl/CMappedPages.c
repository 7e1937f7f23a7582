#define _GNU_SOURCE
#include "CMappedPages.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CChecksum.h"
#include "CChild.h"

enum { page = 4096 };

/* In the child: nothing but calls that are safe after fork in a program with threads. */
static int checksum(int descriptor, uint64_t window, const uint64_t *offsets, size_t count, uint32_t *sums) {
    for (size_t index = 0; index < count; index++) {
        uint64_t start = offsets[index] / window * window;
        char *bytes = mmap(NULL, window, PROT_READ, MAP_SHARED, descriptor, (off_t)start);
        if (bytes == MAP_FAILED) return errno;
        sums[index] = ~daxprov_crc32c(UINT32_MAX, bytes + (offsets[index] - start), page);
        munmap(bytes, window);
    }
    return 0;
}

/* In the child, as above. */
static int zero(int descriptor, uint64_t window, uint64_t size) {
    for (uint64_t start = 0; start < size; start += window) {
        uint64_t length = size - start < window ? size - start : window;
        char *bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, (off_t)start);
        if (bytes == MAP_FAILED) return errno;
        memset(bytes, 0, length);
        munmap(bytes, length);
    }
    return 0;
}

/* Makes a child that a media error may end: 0 in it, its id or -1 in the parent. */
static pid_t expendable(void) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(ECHILD);
    /* The parent's own handlers must not keep a SIGBUS from ending it, and no core is written of a device's contents. */
    signal(SIGBUS, SIG_DFL);
    prctl(PR_SET_DUMPABLE, 0);
    daxprov_let_go_of_streams();
    return 0;
}

/* What became of such a child. */
static int end_of(pid_t child, int seconds) {
    int status = 0;
    int code = child < 0 ? errno : daxprov_wait_or_kill(child, seconds, &status);
    if (code == 0) code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) == SIGBUS ? EIO : EINTR;
    return code;
}

int daxprov_checksum_mapped(int descriptor, uint64_t window, const uint64_t *offsets, size_t count, uint32_t *sums,
                            int seconds) {
    size_t length = count * sizeof *sums;
    if (window < page || length == 0) return EINVAL;
    uint32_t *shared = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return errno;
    pid_t child = expendable();
    if (child == 0) _exit(checksum(descriptor, window, offsets, count, shared));
    int code = end_of(child, seconds);
    if (code == 0) memcpy(sums, shared, length);
    munmap(shared, length);
    return code;
}

int daxprov_zero_mapped(int descriptor, uint64_t align, uint64_t size) {
    enum { largest = 1 << 30 };
    if (align < page || align > largest) return EINVAL;
    pid_t child = expendable();
    if (child == 0) _exit(zero(descriptor, largest / align * align, size));
    return end_of(child, INT_MAX / 1000);
}
