/* libndctl and libdaxctl as one module. */
#ifndef DAXPROV_CNDCTL_SYSTEM_H
#define DAXPROV_CNDCTL_SYSTEM_H
#include <daxctl/libdaxctl.h>
#include <ndctl/libndctl.h>
#endif
