#define _GNU_SOURCE
#include "CSystemLog.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int send_as(int type, const struct sockaddr_un *address, const void *bytes, size_t length)
{
    int sock = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0)
        return -1;
    int result = connect(sock, (const struct sockaddr *)address, sizeof *address);
    if (result == 0) {
        ssize_t sent = send(sock, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        result = sent == (ssize_t)length ? 0 : -1;
        if (sent >= 0 && result != 0)
            errno = EMSGSIZE;
    }
    int code = errno;
    close(sock);
    errno = code;
    return result;
}

int daxprov_log_send(const char *path, const void *bytes, size_t length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    if (send_as(SOCK_DGRAM, &address, bytes, length) == 0)
        return 0;
    return errno == EPROTOTYPE ? send_as(SOCK_STREAM, &address, bytes, length) : -1;
}
