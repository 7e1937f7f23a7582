/* What libndctl offers in a form that Swift cannot call. */
#ifndef DAXPROV_CLIBNDCTL_H
#define DAXPROV_CLIBNDCTL_H

#include <ndctl/libndctl.h>
#include <stdbool.h>

/* Drops every message of the context, and of the libdaxctl context in it: errors reach the caller as errnos.
 * (The log functions take a va_list, which Swift cannot write.) */
void daxprov_ndctl_silence(struct ndctl_ctx *ctx);

/* Whether the DIMM's label area can be sized, read and written (ioctls ND_CMD_{GET,SET}_CONFIG_*, whose numbers
 * are in an anonymous enum). */
bool daxprov_dimm_has_label_area(struct ndctl_dimm *dimm);

#endif
