#define _GNU_SOURCE
#include "CChild.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Waits up to so many milliseconds, ever more patiently; whether the child has ended. */
static int wait_for(pid_t child, int *status, int milliseconds) {
    int pause = 1;
    for (;;) {
        pid_t ended = waitpid(child, status, WNOHANG);
        if (ended == child) return 1;
        if (ended < 0 && errno != EINTR) return 0;
        if (milliseconds <= 0) return 0;
        nanosleep(&(struct timespec){0, pause * 1000 * 1000}, NULL);
        milliseconds -= pause;
        if (pause < 50) pause += 1;
    }
}

int daxprov_wait_or_kill(pid_t child, int seconds, int *status) {
    *status = 0;
    if (wait_for(child, status, seconds * 1000)) return 0;
    kill(child, SIGKILL);
    if (!wait_for(child, status, 1000)) return EINPROGRESS;
    /* It can have ended in that very moment. */
    return WIFEXITED(*status) ? 0 : ETIMEDOUT;
}

void daxprov_let_go_of_streams(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int number = 0; null >= 0 && number < 3; number++) dup2(null, number);
}
