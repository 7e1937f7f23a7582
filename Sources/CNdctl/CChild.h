/* Waiting for a child that does one thing. */
#ifndef DAXPROV_CCHILD_H
#define DAXPROV_CCHILD_H

#include <sys/types.h>

/* Waits for the child up to so many seconds, and kills it then. Returns its exit status, `of_a_signal` where a signal ended it,
 * ETIMEDOUT where it was killed, EINPROGRESS where not even that ended it within a second: it is left to itself then. */
int daxprov_wait_or_kill(pid_t child, int seconds, int of_a_signal);

#endif
