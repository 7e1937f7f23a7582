#define _GNU_SOURCE
#include "CAccounts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

/* An entry can be long: a group has the names of all of its members. */
static const size_t largest = 16 << 20;

static int lookup(const char *name, uint32_t *number, int is_group) {
    int code = ERANGE;

    for (size_t size = 4096; code == ERANGE && size <= largest; size *= 4) {
        char *buffer = malloc(size);
        struct passwd user, *found_user = NULL;
        struct group group, *found_group = NULL;

        if (!buffer)
            return ENOMEM;
        do {
            code = is_group ? getgrnam_r(name, &group, buffer, size, &found_group)
                            : getpwnam_r(name, &user, buffer, size, &found_user);
        } while (code == EINTR);
        if (found_user)
            *number = found_user->pw_uid;
        if (found_group)
            *number = found_group->gr_gid;
        free(buffer);
        if (found_user || found_group)
            return 0;
    }
    /* Both say "there is none" in several ways (getpwnam(3)). */
    return code == 0 || code == ENOENT || code == ESRCH || code == EBADF || code == EPERM ? -1 : code;
}

int daxprov_user(const char *name, uint32_t *number) {
    return lookup(name, number, 0);
}

int daxprov_group(const char *name, uint32_t *number) {
    return lookup(name, number, 1);
}
