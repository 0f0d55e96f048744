/* status.h - what a data-plane call returns, and the error domain of the control plane.  Thread: any. */
#ifndef MCU_BASE_STATUS_H
#define MCU_BASE_STATUS_H

#include <glib.h>

/* Data plane: no allocation, no log line; the caller bumps a counter. */
typedef enum {
    MCU_OK = 0,
    MCU_EINVAL,  /* malformed input */
    MCU_EAGAIN,  /* nothing to give yet */
    MCU_ELATE,   /* its time has passed */
    MCU_EFULL,   /* a bound was reached; the argument was dropped */
    MCU_EAUTH,   /* integrity or replay check failed */
    MCU_ENOSUP,  /* well-formed, but not something that was negotiated */
    MCU_ENOMEM,
} mcu_status;

const char *mcu_status_name(mcu_status s);

/* Control plane: GError codes; `_name()` is the `code` that remote clients see. */
#define MCU_ERROR (mcu_error_quark())
GQuark mcu_error_quark(void);
typedef enum {
    MCU_ERROR_NONE = 0,
    MCU_ERROR_BAD_REQUEST,  /* malformed or does not fit the schema */
    MCU_ERROR_BAD_SDP,
    MCU_ERROR_NOT_FOUND,
    MCU_ERROR_FORBIDDEN,
    MCU_ERROR_UNAUTHORIZED,
    MCU_ERROR_CONFLICT,
    MCU_ERROR_FULL,        /* a configured limit is reached */
    MCU_ERROR_UNAVAILABLE, /* try again */
    MCU_ERROR_CONFIG,
    MCU_ERROR_INTERNAL,
} mcu_error;
const char *mcu_error_name(int code);

#endif
