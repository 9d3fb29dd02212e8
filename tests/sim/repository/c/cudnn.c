/* libcudnn.so.9, simulated by deeprig's tests: it knows its version, as in 91002 for 9.10.2. */
#include "sim.h"

#include <stdio.h>

size_t cudnnGetVersion(void)
{
    unsigned major = 0, minor = 0, patch = 0;
    sscanf(sim_own_version(), "%u.%u.%u", &major, &minor, &patch);
    return major * 10000 + minor * 100 + patch;
}
