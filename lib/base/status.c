/* status.c: names and messages of the enumerations of ansatz.h, and filling an az_error. */
#include "base/base.h"

#include <stdarg.h>
#include <string.h>

const char *az_status_name(az_status s)
{
    static const char *const name[] = {
#define AZ_X(code, name, message) name,
        AZ_STATUS_LIST(AZ_X)
#undef AZ_X
    };

    return (unsigned)s < AZ_N_STATUS ? name[s] : "unknown";
}

const char *az_status_message(az_status s)
{
    static const char *const message[] = {
#define AZ_X(code, name, message) message,
        AZ_STATUS_LIST(AZ_X)
#undef AZ_X
    };

    return (unsigned)s < AZ_N_STATUS ? message[s] : "unknown status";
}

const char *az_stop_name(az_stop s)
{
    switch (s) {
#define AZ_X(code, value, name, message) \
    case code: return name;
        AZ_STOP_LIST(AZ_X)
#undef AZ_X
    }
    return "unknown";
}

const char *az_stop_message(az_stop s)
{
    switch (s) {
#define AZ_X(code, value, name, message) \
    case code: return message;
        AZ_STOP_LIST(AZ_X)
#undef AZ_X
    }
    return "unknown reason";
}

const char *az_tier_name(az_tier t)
{
    switch (t) {
    case AZ_TIER_NONE: return "none";
    case AZ_TIER_TRAINED: return "trained";
    case AZ_TIER_REEVALUATED: return "re-evaluated";
    case AZ_TIER_CROSS_SOLVED: return "cross-solved";
    }
    return "unknown";
}

const char *az_space_name(az_space s)
{
    switch (s) {
    case AZ_SPACE_MLP: return "mlp";
    case AZ_SPACE_ELEMENT: return "element";
    case AZ_SPACE_FOURIER: return "fourier";
    case AZ_SPACE_CHEBYSHEV: return "chebyshev";
    case AZ_N_SPACE: break;
    }
    return "unknown";
}

const char *az_space_title(az_space s, az_coordinates c)
{
    if (s == AZ_SPACE_ELEMENT && c == AZ_CONFORMAL) return "element in conformal coordinates";
    if (s == AZ_SPACE_ELEMENT && c == AZ_POLAR) return "element in polar coordinates";
    return az_space_name(s);
}

const char *az_coordinates_name(az_coordinates c)
{
    switch (c) {
    case AZ_COORDINATES_AUTO: return "automatic";
    case AZ_CONFORMAL: return "conformal";
    case AZ_POLAR: return "polar";
    case AZ_SINH: return "sinh";
    case AZ_COMPACT: return "compact";
    case AZ_N_COORDINATES: break;
    }
    return "unknown";
}

const char *az_method_name(az_method m)
{
    switch (m) {
    case AZ_METHOD_LM: return "lm";
    case AZ_METHOD_LM_QR: return "lm-qr";
    case AZ_METHOD_ADAM: return "adam";
    case AZ_METHOD_LBFGS: return "lbfgs";
    case AZ_METHOD_SSBROYDEN: return "ssbroyden";
    case AZ_N_METHOD: break;
    }
    return "unknown";
}

/* Formats aside first, so that an argument may be the message being replaced. */
az_status az_fail(az_error *err, az_status s, const char *format, ...)
{
    char message[sizeof err->message];
    va_list ap;

    if (!err) return s;
    va_start(ap, format);
    if (vsnprintf(message, sizeof message, format, ap) < 0) message[0] = 0;
    va_end(ap);
    err->status = s;
    err->line = err->column = 0;
    memcpy(err->message, message, strlen(message) + 1);
    return s;
}
