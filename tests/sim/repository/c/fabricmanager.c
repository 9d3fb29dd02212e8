/* nv-fabricmanager, simulated by deeprig's tests: refuses another version's driver and a host
 * without NVSwitch, else says in /run that the fabric is ready, until it is ended. */
#define _DEFAULT_SOURCE
#include "sim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN "/run/nvidia-fabricmanager"

static int write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return -1;
    fprintf(file, "%s\n", text);
    return fclose(file);
}

int main(void)
{
    sigset_t ends;
    char pid[16];
    int ended;
    if (strcmp(sim_loaded_version(), sim_own_version()) != 0) {
        fprintf(stderr, "fabric manager NVIDIA GPU driver interface version %s don't match with "
                "driver version %s. Please update with matching NVIDIA driver package.\n",
                sim_own_version(), sim_loaded_version());
        return 1;
    }
    if (!sim_has_nvswitch()) {
        fprintf(stderr, "request to query NVSwitch device information from NVSwitch driver failed "
                "with error:WARNING Nothing to do [NV_WARN_NOTHING_TO_DO]\n");
        return 1;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    if ((mkdir(RUN, 0755) != 0 && errno != EEXIST) ||
        write_text(RUN "/version", sim_own_version()) != 0 || daemon(0, 0) != 0)
        return 1;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (write_text(RUN "/nv-fabricmanager.pid", pid) != 0)
        return 1;
    sigwait(&ends, &ended);
    unlink(RUN "/version");
    unlink(RUN "/nv-fabricmanager.pid");
    return 0;
}
