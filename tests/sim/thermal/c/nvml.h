/* What the parts of the simulated libnvidia-ml.so.1 share. Names, numbers and structures are those
 * of NVIDIA's public nvml.h, as nvidia-ml-py 13.615.71 has them. */
#ifndef DEEPRIG_SIM_NVML_H
#define DEEPRIG_SIM_NVML_H

#include "plant.h"

#include <stddef.h>

typedef int nvmlReturn_t;
typedef struct handle *nvmlDevice_t;
struct handle {
    int index;
};

enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    TIMEOUT = 10,
    FUNCTION_NOT_FOUND = 13,
    GPU_IS_LOST = 15,
    VERSION_MISMATCH = 25,
    UNKNOWN = 999
};

/* One call under way. While code is SUCCESS and gpu is there, the plant is held. */
struct visit {
    nvmlReturn_t code;
    int index;
    struct gpu *gpu;
    struct state *state;
    const char *call;
};

extern struct plant nvml_plant;

/* Begin a call on a card, or on the system (device NULL and index -1). Faults answer here. */
struct visit nvml_visit(nvmlDevice_t device, const char *call);
struct visit nvml_visit_system(const char *call);
void nvml_leave(struct visit *visit);
/* May this process set anything on the card? Else NO_PERMISSION. */
nvmlReturn_t nvml_may_set(const struct visit *visit);
/* What a fault of that name says instead of a value. */
double nvml_reading(const struct visit *visit, const char *fault, double value);
/* What set/<gpu>/<key> says, else the value. */
double nvml_set(const struct visit *visit, const char *key, double value);
nvmlReturn_t nvml_text(char *to, unsigned size, const char *text);

/* Begin; return at once when a fault answers or the caller's pointers are null. */
#define VISIT(device, condition)                                                                   \
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, __func__);        \
    if (visit.code != SUCCESS)                                                                     \
        return visit.code;                                                                         \
    if (!(condition))                                                                              \
        return INVALID_ARGUMENT;
#define SUPPORTED(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return NOT_SUPPORTED;                                                                  \
    } while (0)

/* A function that gives one unsigned number of the card, where it has it. */
#define NUMBER(function, has, number)                                                              \
    nvmlReturn_t function(nvmlDevice_t device, unsigned *value)                                    \
    {                                                                                              \
        VISIT(device, value != NULL)                                                               \
        SUPPORTED(has);                                                                            \
        *value = (unsigned)(number);                                                               \
        return SUCCESS;                                                                            \
    }

#endif
