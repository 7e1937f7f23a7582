/* What a program has to see to before anything else runs. */
#ifndef DAXPROV_CSTART_H
#define DAXPROV_CSTART_H

/* The number of the command line's words, the program's name included, and one of them (NULL beyond the last).
 * They are those that the kernel gave to this process: Swift's CommandLine reads /proc/self/cmdline, and has none where
 * /proc is not mounted. */
int daxprov_argument_count(void);
const char *daxprov_argument(int index);

/* Opens /dev/null as each of the descriptors 0, 1 and 2 that is closed: otherwise the next file that is opened would get
 * its number, and with it everything that is printed. Where there is no /dev/null, the descriptor refuses every read and
 * write. Returns 0, or -1 where even that cannot be had. */
int daxprov_open_standard_descriptors(void);

#endif
