/* What libndctl offers in a form that Swift cannot call. */
#ifndef DAXPROV_CLIBNDCTL_H
#define DAXPROV_CLIBNDCTL_H

#include <ndctl/libndctl.h>
#include <stdbool.h>
#include <stdint.h>

/* Drops every message of the context, and of the libdaxctl context in it: errors reach the caller as errnos.
 * (The log functions take a va_list, which Swift cannot write.) */
void daxprov_ndctl_silence(struct ndctl_ctx *ctx);

/* Whether the DIMM's label area can be sized, read and written (ioctls ND_CMD_{GET,SET}_CONFIG_*, whose numbers
 * are in an anonymous enum). */
bool daxprov_dimm_has_label_area(struct ndctl_dimm *dimm);

/* The granularity in which the firmware clears media errors of these physical addresses, in `unit`: 0, or a negative errno, which is
 * -EOPNOTSUPP where it cannot clear (ioctl ND_CMD_ARS_CAP). */
int daxprov_clear_unit(struct ndctl_bus *bus, uint64_t address, uint64_t length, uint64_t *unit);

/* Has the firmware clear media errors of these physical addresses, multiples of the unit, and says in `cleared` how many bytes it claims to
 * have cleared: 0, or a negative errno (ioctl ND_CMD_CLEAR_ERROR). 0 and all bytes prove nothing. */
int daxprov_clear_errors(struct ndctl_bus *bus, uint64_t address, uint64_t length, uint64_t *cleared);

#endif
