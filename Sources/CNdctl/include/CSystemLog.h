/* Messages to the system's log. */
#ifndef DAXPROV_CSYSTEMLOG_H
#define DAXPROV_CSYSTEMLOG_H

#include <stddef.h>

/* Sends one message to the Unix socket at `path`, and never waits: 0, or -1 with errno. A socket that takes a stream (an
 * older syslog) is given one. */
int daxprov_log_send(const char *path, const void *bytes, size_t length);

#endif
