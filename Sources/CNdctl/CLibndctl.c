#include "CLibndctl.h"

#include <daxctl/libdaxctl.h>
#include <errno.h>
#include <linux/ndctl.h>
#include <stdarg.h>

static void drop_ndctl(struct ndctl_ctx *ctx, int priority, const char *file, int line, const char *fn,
                       const char *format, va_list args) {
    (void)ctx, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static void drop_daxctl(struct daxctl_ctx *ctx, int priority, const char *file, int line, const char *fn,
                        const char *format, va_list args) {
    (void)ctx, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

void daxprov_ndctl_silence(struct ndctl_ctx *ctx) {
    struct daxctl_ctx *daxctl = ndctl_get_daxctl_ctx(ctx);

    ndctl_set_log_fn(ctx, drop_ndctl);
    if (daxctl)
        daxctl_set_log_fn(daxctl, drop_daxctl);
}

bool daxprov_dimm_has_label_area(struct ndctl_dimm *dimm) {
    return ndctl_dimm_is_cmd_supported(dimm, ND_CMD_GET_CONFIG_SIZE)
        && ndctl_dimm_is_cmd_supported(dimm, ND_CMD_GET_CONFIG_DATA)
        && ndctl_dimm_is_cmd_supported(dimm, ND_CMD_SET_CONFIG_DATA);
}

/* What the firmware can do at these addresses: a command that was submitted, or NULL with `code`. */
static struct ndctl_cmd *capability(struct ndctl_bus *bus, uint64_t address, uint64_t length, int *code) {
    *code = -EOPNOTSUPP;
    if (!ndctl_bus_is_cmd_supported(bus, ND_CMD_ARS_CAP) || !ndctl_bus_is_cmd_supported(bus, ND_CMD_CLEAR_ERROR))
        return NULL;
    struct ndctl_cmd *cmd = ndctl_bus_cmd_new_ars_cap(bus, address, length);
    if (!cmd) return NULL;
    *code = ndctl_cmd_submit(cmd);
    if (*code >= 0) return cmd;
    ndctl_cmd_unref(cmd);
    return NULL;
}

int daxprov_clear_unit(struct ndctl_bus *bus, uint64_t address, uint64_t length, uint64_t *unit) {
    int code;
    struct ndctl_cmd *cmd = capability(bus, address, length, &code);
    if (!cmd) return code;
    *unit = ndctl_cmd_ars_cap_get_clear_unit(cmd);
    ndctl_cmd_unref(cmd);
    return *unit == 0 ? -EOPNOTSUPP : 0;
}

int daxprov_clear_errors(struct ndctl_bus *bus, uint64_t address, uint64_t length, uint64_t *cleared) {
    int code;
    *cleared = 0;
    struct ndctl_cmd *cap = capability(bus, address, length, &code);
    if (!cap) return code;
    struct ndctl_range range;
    code = ndctl_cmd_ars_cap_get_range(cap, &range);
    struct ndctl_cmd *cmd = NULL;
    if (code == 0) {
        cmd = ndctl_bus_cmd_new_clear_error(range.address, range.length, cap);
        code = cmd ? ndctl_cmd_submit(cmd) : -EINVAL;
    }
    if (code >= 0 && cmd) {
        *cleared = ndctl_cmd_clear_error_get_cleared(cmd);
        code = 0;
    }
    if (cmd) ndctl_cmd_unref(cmd);
    ndctl_cmd_unref(cap);
    return code;
}
