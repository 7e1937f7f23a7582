/* The bridge to libndctl, libdaxctl and json-c: only what Swift cannot do itself. */
#ifndef DAXPROV_CNDCTL_H
#define DAXPROV_CNDCTL_H

#include "CChecksum.h"
#include <daxctl/libdaxctl.h>
#include <json-c/json.h>
#include <ndctl/libndctl.h>

#include "CLibndctl.h"
#include "CLinux.h"
#include "CSignals.h"
#include "CStart.h"
#include "CSystemLog.h"

#endif
