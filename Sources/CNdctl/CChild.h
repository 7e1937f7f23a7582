/* Waiting for a child that does one thing. */
#ifndef DAXPROV_CCHILD_H
#define DAXPROV_CCHILD_H

#include <sys/types.h>

/* Waits for the child up to so many seconds, and kills it then. Returns 0 with its status (waitpid) where it has ended by itself,
 * ETIMEDOUT where it was killed, EINPROGRESS where not even that ended it within a second: it is left to itself then. */
int daxprov_wait_or_kill(pid_t child, int seconds, int *status);

/* In a child: /dev/null is its standard input and output. One that the kernel does not let go must not keep the reader of its parent's
 * output waiting. */
void daxprov_let_go_of_streams(void);

#endif
