/* libnccl.so.2, simulated by deeprig's tests: it knows its version, as in 22703 for 2.27.3. */
#include "sim.h"

#include <stdio.h>

int ncclGetVersion(int *version)
{
    int major = 0, minor = 0, patch = 0;
    if (version == NULL ||
        sscanf(sim_own_version(), "%d.%d.%d", &major, &minor, &patch) != 3)
        return 4;
    *version = major * 10000 + minor * 100 + patch;
    return 0;
}
