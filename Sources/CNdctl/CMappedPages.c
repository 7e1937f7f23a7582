#define _GNU_SOURCE
#include "CMappedPages.h"

#include <errno.h>
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

int daxprov_checksum_mapped(int descriptor, uint64_t window, const uint64_t *offsets, size_t count, uint32_t *sums,
                            int seconds) {
    size_t length = count * sizeof *sums;
    if (window < page || length == 0) return EINVAL;
    uint32_t *shared = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return errno;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(ECHILD);
        /* The parent's own handlers must not keep a SIGBUS from ending it, and no core is written of a device's contents. */
        signal(SIGBUS, SIG_DFL);
        prctl(PR_SET_DUMPABLE, 0);
        daxprov_let_go_of_streams();
        _exit(checksum(descriptor, window, offsets, count, shared));
    }
    int status = 0;
    int code = child < 0 ? errno : daxprov_wait_or_kill(child, seconds, &status);
    if (code == 0) code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) == SIGBUS ? EIO : EINTR;
    if (code == 0) memcpy(sums, shared, length);
    munmap(shared, length);
    return code;
}
