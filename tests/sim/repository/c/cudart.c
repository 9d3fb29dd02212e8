/* libcudart.so, simulated by deeprig's tests: it knows its version. */
#include "sim.h"

#include <stdio.h>

int cudaRuntimeGetVersion(int *version)
{
    int major = 0, minor = 0;
    if (version == NULL || sscanf(sim_own_version(), "%d.%d", &major, &minor) != 2)
        return 1;
    *version = major * 1000 + minor * 10;
    return 0;
}
