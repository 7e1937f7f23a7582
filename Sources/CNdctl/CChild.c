#define _GNU_SOURCE
#include "CChild.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* Waits up to so many hundredths of a second; whether the child has ended. */
static int wait_for(pid_t child, int *status, int hundredths) {
    for (;;) {
        pid_t ended = waitpid(child, status, WNOHANG);
        if (ended == child) return 1;
        if (ended < 0 && errno != EINTR) return 0;
        if (hundredths-- <= 0) return 0;
        nanosleep(&(struct timespec){0, 10 * 1000 * 1000}, NULL);
    }
}

int daxprov_wait_or_kill(pid_t child, int seconds, int of_a_signal) {
    int status = 0;
    if (wait_for(child, &status, seconds * 100)) {
        return WIFEXITED(status) ? WEXITSTATUS(status) : of_a_signal;
    }
    kill(child, SIGKILL);
    return wait_for(child, &status, 100) ? (WIFEXITED(status) ? WEXITSTATUS(status) : ETIMEDOUT) : EINPROGRESS;
}
