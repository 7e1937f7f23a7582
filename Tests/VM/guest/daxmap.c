/* Reads, writes and holds a device-dax character device, which knows no read() and no write(): through a mapping.
 *
 *   daxmap read DEVICE     the whole device to standard output
 *   daxmap write DEVICE    standard input to the start of the device
 *   daxmap hold DEVICE     maps the device, closes it, stores a byte in its last page, prints "mapped", waits for the
 *                          end of standard input, stores and loads again, prints "intact"
 *   daxmap exclusive NODE  opens the node with O_EXCL, prints "held", waits for the end of standard input
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static size_t size_of(int device)
{
    struct stat status;
    if (fstat(device, &status) != 0)
        fail("fstat");
    char path[64];
    snprintf(path, sizeof path, "/sys/dev/char/%u:%u/size", major(status.st_rdev), minor(status.st_rdev));
    FILE *file = fopen(path, "r");
    size_t size = 0;
    if (!file || fscanf(file, "%zu", &size) != 1)
        fail(path);
    fclose(file);
    return size;
}

static void copy_out(const char *data, size_t size)
{
    while (size) {
        ssize_t done = write(STDOUT_FILENO, data, size < 65536 ? size : 65536);
        if (done < 0)
            fail("write");
        data += done;
        size -= (size_t)done;
    }
}

static void copy_in(char *data, size_t size)
{
    static char buffer[65536];
    ssize_t done;
    while ((done = read(STDIN_FILENO, buffer, sizeof buffer < size ? sizeof buffer : size)) > 0) {
        memcpy(data, buffer, (size_t)done);
        data += done;
        size -= (size_t)done;
    }
    if (done < 0)
        fail("read");
}

static void wait_for_end(const char *word)
{
    char ignored[256];
    puts(word);
    fflush(stdout);
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
        ;
}

static void hold(volatile char *last)
{
    *last = 1;
    wait_for_end("mapped");
    *last += 1;
    puts(*last == 2 ? "intact" : "changed");
}

int main(int count, char **words)
{
    if (count != 3) {
        fputs("usage: daxmap read|write|hold|exclusive DEVICE\n", stderr);
        return 64;
    }
    int exclusive = strcmp(words[1], "exclusive") == 0;
    int device = open(words[2], O_RDWR | O_CLOEXEC | (exclusive ? O_EXCL : 0));
    if (device < 0)
        fail(words[2]);
    if (exclusive) {
        wait_for_end("held");
        return 0;
    }
    size_t size = size_of(device);
    char *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
    if (data == MAP_FAILED)
        fail("mmap");
    close(device);
    if (strcmp(words[1], "read") == 0)
        copy_out(data, size);
    else if (strcmp(words[1], "write") == 0)
        copy_in(data, size);
    else
        hold(data + size - 4096);
    return 0;
}
