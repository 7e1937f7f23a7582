#define _GNU_SOURCE
#include "CStore.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CChild.h"

/* In the child: nothing but calls that are safe after fork in a program with threads. */
static void store(int directory, const char *path, const void *bytes, size_t length) {
    int file = openat(directory, path, O_WRONLY | O_CLOEXEC);
    if (file < 0) _exit(errno);
    ssize_t count = write(file, bytes, length);
    _exit(count < 0 ? errno : 0);
}

int daxprov_store_with_deadline(int directory, const char *path, const void *bytes, size_t length, int seconds) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(ECHILD);
        store(directory, path, bytes, length);
    }
    int status = 0;
    int code = daxprov_wait_or_kill(child, seconds, &status);
    if (code != 0) return code;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int daxprov_run(const char *path, const char *first, const char *second) {
    char *const arguments[] = {(char *)path, (char *)first, (char *)second, NULL};
    char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) return -code;
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    code = posix_spawn(&child, path, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) return -code;
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
