/* Signals that ask a run to stop: a handler may do no more than count. */
#ifndef DAXPROV_CSIGNALS_H
#define DAXPROV_CSIGNALS_H

/* From now on no signal ends the process in the middle of something, but SIGKILL and those that report a fault of the
 * program itself. SIGINT, SIGTERM, SIGQUIT and SIGXCPU are counted; the others are ignored. */
void daxprov_signals_install(void);

/* From now on a write to a pipe that nobody reads fails with EPIPE, and SIGPIPE does not end the process. */
void daxprov_signals_ignore_broken_pipes(void);

/* How many requests to stop came: 0, 1, or 2 for more. */
int daxprov_signals_count(void);

#endif
