/* status.c - names of statuses and errors.  Thread: any. */
#include "mcu/base/status.h"

const char *mcu_status_name(mcu_status s)
{
    switch (s) {
    case MCU_OK:
        return "ok";
    case MCU_EINVAL:
        return "invalid";
    case MCU_EAGAIN:
        return "again";
    case MCU_ELATE:
        return "late";
    case MCU_EFULL:
        return "full";
    case MCU_EAUTH:
        return "auth";
    case MCU_ENOSUP:
        return "unsupported";
    case MCU_ENOMEM:
        return "no_memory";
    }
    return "unknown";
}

G_DEFINE_QUARK(mcu - error - quark, mcu_error)

const char *mcu_error_name(int code)
{
    switch ((mcu_error)code) {
    case MCU_ERROR_NONE:
        return "none";
    case MCU_ERROR_BAD_REQUEST:
        return "bad_request";
    case MCU_ERROR_BAD_SDP:
        return "bad_sdp";
    case MCU_ERROR_NOT_FOUND:
        return "not_found";
    case MCU_ERROR_FORBIDDEN:
        return "forbidden";
    case MCU_ERROR_UNAUTHORIZED:
        return "unauthorized";
    case MCU_ERROR_CONFLICT:
        return "conflict";
    case MCU_ERROR_FULL:
        return "full";
    case MCU_ERROR_UNAVAILABLE:
        return "unavailable";
    case MCU_ERROR_CONFIG:
        return "config";
    case MCU_ERROR_INTERNAL:
        break;
    }
    return "internal";
}
