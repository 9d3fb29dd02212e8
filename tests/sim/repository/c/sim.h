/* What every simulated NVIDIA program shares: the host's GPUs, the driver's versions, faults and
 * the state of the cards. Simulated by deeprig's tests; see ../README.md for the files. */
#ifndef DEEPRIG_SIM_H
#define DEEPRIG_SIM_H

#include <stddef.h>

#define SIM_MAX_GPUS 32

#pragma GCC visibility push(hidden) /* the libraries export NVIDIA's names only */

struct gpu_model {
    unsigned device_id;
    const char *name;
    int generation;
    unsigned memory_mib, default_watts, minimum_watts, maximum_watts;
    int major, minor;
};
struct gpu_range {
    unsigned first_id;
    int generation;
};
struct gpu_support {
    int first_branch, last_branch, by_open, by_proprietary;
};
struct gpu {
    char address[32]; /* 0000:01:00.0, as sysfs names it */
    unsigned domain, bus, device, device_id, subsystem_id;
    struct gpu_model model;
};

/* The version this program or library belongs to; written into the binary after compiling. */
const char *sim_own_version(void);
/* The version of the loaded module, "" when none is loaded. */
const char *sim_loaded_version(void);
int sim_is_open_module(void);
int sim_branch(const char *version);
/* CUDA's version as cuDriverGetVersion says it, such as 13000. */
int sim_cuda_version(const char *version);
/* GPUs that the loaded module drives, in the order of their addresses. Returns their number. */
int sim_gpus(struct gpu *gpus);
int sim_has_nvswitch(void);
/* Whether /etc/deeprig-sim/faults names this fault for this program's version. */
int sim_has_fault(const char *fault);
/* State of a card by key; `otherwise` where nothing was written. */
long sim_state(const char *address, const char *key, long otherwise);
/* Write a state. Returns 0, or -1 when it cannot be written. */
int sim_set_state(const char *address, const char *key, long value);
/* Read a file's first line into `text` without its line end. Returns 0, or -1. */
int sim_read_line(const char *path, char *text, size_t size);

#pragma GCC visibility pop

#endif
