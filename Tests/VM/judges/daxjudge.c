/* Judges memory by libpmem2 and statx, apart from the program under test.
 *
 *   daxjudge device NODE      maps the device for reading, and loads a byte of each page of 4 KiB of its first 4 MiB
 *   daxjudge file DIRECTORY   makes a file in the directory, takes 8 MiB for it, and stores a byte in each page
 *   daxjudge attributed DIRECTORY   the same in a directory of its own that has FS_XFLAG_DAX
 *
 * Prints one line of JSON. What it made is removed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static const char *granularity(int file, int protection)
{
    struct pmem2_config *config;
    struct pmem2_source *source;
    struct pmem2_map *map;
    if (pmem2_config_new(&config) || pmem2_config_set_required_store_granularity(config, PMEM2_GRANULARITY_PAGE) ||
        pmem2_config_set_protection(config, protection))
        return "error";
    if (pmem2_source_from_fd(&source, file) || pmem2_map_new(&map, config, source))
        return "refused";
    enum pmem2_granularity found = pmem2_map_get_store_granularity(map);
    pmem2_map_delete(&map);
    return found == PMEM2_GRANULARITY_BYTE ? "BYTE" : found == PMEM2_GRANULARITY_CACHE_LINE ? "CACHE_LINE" : "PAGE";
}

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static size_t length_of(const char *node)
{
    char path[128];
    snprintf(path, sizeof path, "/sys/bus/dax/devices/%s/align", strrchr(node, '/') + 1);
    FILE *file = fopen(path, "r");
    size_t align = 0, least = 4 << 20;
    if (!file || fscanf(file, "%zu", &align) != 1)
        fail(path);
    return align > least ? align : least;
}

int main(int count, char **words)
{
    if (count != 3)
        return 64;
    int device = strcmp(words[1], "device") == 0, attributed = strcmp(words[1], "attributed") == 0;
    char directory[256], path[300];
    size_t length = 8 << 20;
    int file;
    snprintf(directory, sizeof directory, attributed ? "%s/judged" : "%s", words[2]);
    if (device) {
        file = open(words[2], O_RDONLY);
        length = length_of(words[2]);
    } else {
        if (attributed) {
            struct fsxattr attributes;
            int own;
            if (mkdir(directory, 0700) != 0 || (own = open(directory, O_RDONLY)) < 0 ||
                ioctl(own, FS_IOC_FSGETXATTR, &attributes) != 0)
                fail(directory);
            attributes.fsx_xflags |= FS_XFLAG_DAX;
            if (ioctl(own, FS_IOC_FSSETXATTR, &attributes) != 0)
                fail("FS_IOC_FSSETXATTR");
        }
        snprintf(path, sizeof path, "%s/file", directory);
        file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (file >= 0 && fallocate(file, 0, 0, (off_t)length) != 0)
            fail("fallocate");
    }
    if (file < 0)
        fail(words[2]);
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_TYPE, &status) != 0)
        fail("statx");
    const char *found = granularity(file, device ? PMEM2_PROT_READ : PMEM2_PROT_READ | PMEM2_PROT_WRITE);
    int protection = device ? PROT_READ : PROT_READ | PROT_WRITE;
    volatile char *start = mmap(NULL, length, protection, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0);
    int sync = start == MAP_FAILED ? errno : 0;
    if (sync)
        start = mmap(NULL, length, protection, MAP_SHARED, file, 0);
    if (start == MAP_FAILED)
        fail("mmap");
    long before = faults();
    before = faults();
    for (size_t at = 0; at < length; at += 4096) {
        if (device)
            (void)start[at];
        else
            start[at] = 1;
    }
    printf("{\"granularity\": \"%s\", \"sync\": %d, \"statx\": %d, \"faults\": %ld, \"length\": %zu}\n", found, sync,
           (status.stx_attributes & 0x200000) != 0, faults() - before, length);
    if (!device)
        unlink(path);
    if (attributed)
        rmdir(directory);
    return 0;
}
