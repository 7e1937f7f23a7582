#define _GNU_SOURCE
#include "CStart.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

static int argument_count;
static char **arguments;

/* The GNU C library calls what is in .init_array with the arguments of main. */
__attribute__((constructor)) static void keep_arguments(int argc, char **argv)
{
	argument_count = argc;
	arguments = argv;
}

int daxprov_argument_count(void)
{
	return argument_count;
}

const char *daxprov_argument(int index)
{
	return index >= 0 && index < argument_count ? arguments[index] : NULL;
}

int daxprov_open_standard_descriptors(void)
{
	for (int wanted = 0; wanted <= 2; wanted++) {
		int got;

		if (fcntl(wanted, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free number is given: this one, since those below it are open. */
		got = open("/dev/null", O_RDWR | O_NOCTTY);
		if (got < 0)
			got = open("/", O_PATH);
		if (got != wanted)
			return -1;
	}
	return 0;
}
