/* The numbers of users and groups. */
#ifndef DAXPROV_CACCOUNTS_H
#define DAXPROV_CACCOUNTS_H

#include <stdint.h>

/* Looks a user, or a group, up by name, wherever the host keeps its accounts (getpwnam_r(3), getgrnam_r(3)): 0 with its number,
 * -1 where there is none, else the errno of what failed. */
int daxprov_user(const char *name, uint32_t *number);
int daxprov_group(const char *name, uint32_t *number);

#endif
