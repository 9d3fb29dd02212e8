/* nvidia-persistenced, simulated by deeprig's tests: keeps the cards' files open and persistence
 * mode on for as long as it runs. Options of the real one that matter: --user, --no-..., --verbose
 * are accepted; it goes into the background and writes its pid file. */
#define _DEFAULT_SOURCE
#include "sim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN "/run/nvidia-persistenced"
#define PID_FILE RUN "/nvidia-persistenced.pid"

static int set_mode(int mode)
{
    struct gpu gpus[SIM_MAX_GPUS];
    int number = sim_gpus(gpus);
    for (int i = 0; i < number; i++)
        if (sim_set_state(gpus[i].address, "persistence_mode", mode) != 0)
            return -1;
    return number;
}

static int write_pid(void)
{
    if (mkdir(RUN, 0755) != 0 && errno != EEXIST)
        return -1;
    FILE *file = fopen(PID_FILE, "we");
    if (file == NULL)
        return -1;
    fprintf(file, "%d\n", (int)getpid());
    return fclose(file);
}

static void hold_devices(int number)
{
    char path[32];
    (void)!open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < number; i++) {
        snprintf(path, sizeof path, "/dev/nvidia%d", i);
        (void)!open(path, O_RDWR | O_CLOEXEC);
    }
}

/* As the real one by libnvidia-cfg: its own version does not matter, the library's does. */
static int is_driver_usable(void)
{
    int (*start)(void);
    void *nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (nvml == NULL)
        return 0;
    *(void **)&start = dlsym(nvml, "nvmlInit_v2");
    return start() == 0;
}

int main(void)
{
    sigset_t ends;
    int number, ended;
    if (!is_driver_usable() || (number = set_mode(1)) < 1) {
        fprintf(stderr, "nvidia-persistenced failed to initialize. Check syslog for more details.\n");
        return 1;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    if (daemon(0, 0) != 0 || write_pid() != 0)
        return 1;
    hold_devices(number);
    sigwait(&ends, &ended);
    set_mode(0);
    unlink(PID_FILE);
    return 0;
}
