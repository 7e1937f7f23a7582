#define _GNU_SOURCE
#include "CSignals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t requests;

static void count(int number)
{
	/* The kernel repeats SIGXCPU every second: it asks once. */
	if (requests < 1 || (requests < 2 && number != SIGXCPU))
		requests++;
}

enum response { LEAVE, IGNORE, COUNT };

/* What to do about a signal. Whatever is not named here would end the process: SIGUSR1, SIGALRM, SIGPWR, the real-time
 * signals, and those that a later kernel has. SIGXFSZ and SIGPIPE are errors of write(2) where they are ignored. */
static enum response response(int number)
{
	switch (number) {
	case SIGINT: case SIGTERM: case SIGQUIT: case SIGXCPU:
		return COUNT;
	/* Cannot be caught, or end nothing. */
	case SIGKILL: case SIGSTOP: case SIGCONT: case SIGCHLD: case SIGURG: case SIGWINCH:
	/* A stopped process goes on with SIGCONT, where it was. */
	case SIGTSTP: case SIGTTIN: case SIGTTOU:
	/* Faults of the program itself: going on would be worse. */
	case SIGSEGV: case SIGBUS: case SIGFPE: case SIGILL: case SIGTRAP: case SIGSYS: case SIGABRT:
		return LEAVE;
	default:
		return IGNORE;
	}
}

void daxprov_signals_install(void)
{
	struct sigaction counted = { .sa_handler = count, .sa_flags = SA_RESTART };
	struct sigaction ignored = { .sa_handler = SIG_IGN };
	sigset_t heard;

	sigemptyset(&counted.sa_mask);
	sigemptyset(&ignored.sa_mask);
	sigemptyset(&heard);
	/* The C library refuses the numbers that it keeps for itself (32 and 33), and nobody else uses them. */
	for (int number = 1; number <= SIGRTMAX; number++) {
		enum response wanted = response(number);

		if (wanted != LEAVE)
			sigaction(number, wanted == COUNT ? &counted : &ignored, NULL);
		if (wanted == COUNT)
			sigaddset(&heard, number);
	}
	/* Whoever started this process may have blocked them, and a mask is inherited. */
	pthread_sigmask(SIG_UNBLOCK, &heard, NULL);
}

void daxprov_signals_ignore_broken_pipes(void)
{
	signal(SIGPIPE, SIG_IGN);
}

int daxprov_signals_count(void)
{
	return requests;
}
