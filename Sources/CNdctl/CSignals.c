#include "CSignals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t requests;

static void count(int number)
{
	(void)number;
	if (requests < 2)
		requests++;
}

void daxprov_signals_install(void)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int daxprov_signals_count(void)
{
	return requests;
}
