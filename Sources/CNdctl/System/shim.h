/* The C libraries that daxprov is built on, as one module. */
#ifndef DAXPROV_CNDCTL_SYSTEM_H
#define DAXPROV_CNDCTL_SYSTEM_H
#include <daxctl/libdaxctl.h>
#include <ndctl/libndctl.h>
#include <json-c/json.h>
#endif
