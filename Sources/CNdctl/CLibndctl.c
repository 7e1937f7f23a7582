#include "CLibndctl.h"

#include <daxctl/libdaxctl.h>
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
