/* command.c: the command a result remembers. */
#include "state/state.h"

const char *az_result_command(const az_result *r) { return r->command ? r->command : ""; }

az_status az_result_set_command(az_result *r, const char *command)
{
    char *copy = az_strdup(command);

    if (!copy) return AZ_ENOMEM;
    az_free(r->command);
    r->command = copy;
    return AZ_OK;
}
