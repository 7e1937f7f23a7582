/* Signals that ask a run to stop: a handler may do no more than count. */
#ifndef DAXPROV_CSIGNALS_H
#define DAXPROV_CSIGNALS_H

/* From now on SIGINT and SIGTERM are counted, SIGHUP and SIGPIPE ignored. */
void daxprov_signals_install(void);

/* How many of them came: 0, 1, or 2 for more. */
int daxprov_signals_count(void);

#endif
