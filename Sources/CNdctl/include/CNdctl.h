#ifndef DAXPROV_CNDCTL_H
#define DAXPROV_CNDCTL_H

#include "CAccounts.h"
#include "CChecksum.h"
#include <daxctl/libdaxctl.h>
#include <ndctl/libndctl.h>

#include "CLibndctl.h"
#include "CLinux.h"
#include "CMappedPages.h"
#include "CProof.h"
#include "CSignals.h"
#include "CStart.h"
#include "CStore.h"
#include "CSystemLog.h"
#include "CZero.h"

#endif
