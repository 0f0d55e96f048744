#include "signaling/logo.h"

#include "mcu/base/png_head.h"
#include "mcu/base/status.h"

char *sig_logo_read(const char *file, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    if (!g_file_get_contents(file, &bytes, &size, error)) {
        g_prefix_error(error, "[video] logo: ");
        return NULL;
    }
    if (!mcu_png_is_logo((const uint8_t *)bytes, size)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[video] logo: %s is no PNG of at most %u KiB and %u pixels a side", file,
                    MCU_LOGO_BYTES / 1024, MCU_LOGO_SIDE_PX);
        return NULL;
    }
    return g_base64_encode((const guchar *)bytes, size);
}
