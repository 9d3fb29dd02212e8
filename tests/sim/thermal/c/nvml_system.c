/* Opening, faults, handles, and who a card is. */
#define _GNU_SOURCE
#include "nvml.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct plant nvml_plant = {.lock = -1};
static struct handle handles[MAX_GPUS];
static int users;
/* The lock of the plant is one between processes: within one, calls take turns by this. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int ready(void)
{
    return users > 0 && !plant_has_fault(&nvml_plant, ALL_GPUS, "driver-unloaded");
}

nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    nvmlReturn_t code = SUCCESS;
    const char *directory = getenv("DEEPRIG_SIM_THERMAL");
    pthread_mutex_lock(&turn);
    if (users == 0) {
        if (plant_open(&nvml_plant, directory != NULL ? directory : "/run/deeprig-sim-thermal"))
            code = DRIVER_NOT_LOADED;
        else if (plant_has_fault(&nvml_plant, ALL_GPUS, "driver-unloaded"))
            code = DRIVER_NOT_LOADED;
        else if (plant_hold(&nvml_plant) != 0)
            code = UNKNOWN;
        else
            plant_let_go(&nvml_plant);
        if (code != SUCCESS)
            plant_close(&nvml_plant);
    }
    users += code == SUCCESS;
    for (int i = 0; i < MAX_GPUS; i++)
        handles[i].index = i;
    pthread_mutex_unlock(&turn);
    return code;
}

nvmlReturn_t nvmlInit_v2(void)
{
    return nvmlInitWithFlags(0);
}

nvmlReturn_t nvmlInit(void)
{
    return nvmlInitWithFlags(0);
}

nvmlReturn_t nvmlShutdown(void)
{
    if (users == 0)
        return UNINITIALIZED;
    pthread_mutex_lock(&turn);
    if (--users == 0)
        plant_close(&nvml_plant);
    pthread_mutex_unlock(&turn);
    return SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result)
{
    switch (result) {
    case SUCCESS: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case INVALID_ARGUMENT: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case NO_PERMISSION: return "Insufficient Permissions";
    case NOT_FOUND: return "Not Found";
    case INSUFFICIENT_SIZE: return "Insufficient Size";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case TIMEOUT: return "Timeout";
    case FUNCTION_NOT_FOUND: return "Function Not Found";
    case GPU_IS_LOST: return "GPU is lost";
    case VERSION_MISMATCH: return "Argument version mismatch";
    default: return "Unknown Error";
    }
}

static void pause_for(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) != 0)
        ;
}

/* A fault for all calls, "slow", or for one, "slow:nvmlDeviceGetPowerUsage". */
static int has_fault_of(int gpu, const char *name, const char *call, double *value)
{
    char full[FAULT_NAME];
    snprintf(full, sizeof full, "%.20s:%.50s", name, call);
    const char *found = plant_has_fault(&nvml_plant, gpu, full)   ? full
                        : plant_has_fault(&nvml_plant, gpu, name) ? name
                                                                  : NULL;
    if (found != NULL)
        *value = plant_fault_value(&nvml_plant, gpu, found, *value);
    return found != NULL;
}

/* What faults do before the card is asked; the plant is not held, so that others go on. */
static nvmlReturn_t suffer(int gpu, const char *call)
{
    double value = 0;
    while (has_fault_of(gpu, "hang", call, &value))
        pause_for(0.02);
    if (has_fault_of(gpu, "slow", call, &value))
        pause_for(value);
    if (!ready())
        return UNINITIALIZED;
    if (gpu != ALL_GPUS && plant_has_fault(&nvml_plant, gpu, "lost"))
        return GPU_IS_LOST;
    value = UNKNOWN;
    if (has_fault_of(gpu, "returns", call, &value))
        return (nvmlReturn_t)value;
    if (has_fault_of(gpu, "not-supported", call, &value))
        return NOT_SUPPORTED;
    return has_fault_of(gpu, "missing", call, &value) ? FUNCTION_NOT_FOUND : SUCCESS;
}

static struct visit begin(int index, const char *call)
{
    struct visit visit = {.code = suffer(index, call), .index = index, .call = call};
    if (visit.code != SUCCESS)
        return visit;
    pthread_mutex_lock(&turn);
    if (users == 0 || plant_hold(&nvml_plant) != 0) {
        pthread_mutex_unlock(&turn);
        visit.code = users == 0 ? UNINITIALIZED : UNKNOWN;
        return visit;
    }
    visit.state = nvml_plant.state;
    if (index >= visit.state->gpu_count)
        visit.code = INVALID_ARGUMENT;
    else if (index != ALL_GPUS)
        visit.gpu = &visit.state->gpu[index];
    /* What was too hot and switched itself off is off the bus until the machine is cut off. */
    if (visit.gpu != NULL && visit.gpu->is_shut_down)
        visit.code = GPU_IS_LOST;
    return visit;
}

struct visit nvml_visit(nvmlDevice_t device, const char *call)
{
    struct visit refused = {.code = users > 0 ? INVALID_ARGUMENT : UNINITIALIZED};
    if (users == 0 || device < handles || device >= handles + MAX_GPUS)
        return refused;
    return begin(device->index, call);
}

struct visit nvml_visit_system(const char *call)
{
    struct visit refused = {.code = UNINITIALIZED};
    return users > 0 ? begin(ALL_GPUS, call) : refused;
}

void nvml_leave(struct visit *visit)
{
    if (visit->state == NULL)
        return;
    plant_let_go(&nvml_plant);
    pthread_mutex_unlock(&turn);
    visit->state = NULL;
}

/* Root may, and who made the state: a test that runs without root is root of its own machine. */
static int is_administrator(void)
{
    struct stat status;
    return geteuid() == 0 || (stat(nvml_plant.directory, &status) == 0 && status.st_uid == geteuid());
}

nvmlReturn_t nvml_may_set(const struct visit *visit)
{
    int is_allowed = is_administrator() && !plant_has_fault(&nvml_plant, visit->index, "eperm");
    return is_allowed ? SUCCESS : NO_PERMISSION;
}

double nvml_reading(const struct visit *visit, const char *fault, double value)
{
    return plant_fault_value(&nvml_plant, visit->index, fault, value);
}

double nvml_set(const struct visit *visit, const char *key, double value)
{
    return plant_set_value(&nvml_plant, visit->index, key, value);
}

nvmlReturn_t nvml_text(char *to, unsigned size, const char *text)
{
    if (strlen(text) >= size)
        return INSUFFICIENT_SIZE;
    memcpy(to, text, strlen(text) + 1);
    return SUCCESS;
}

#define SYSTEM(condition)                                                                          \
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit_system(__func__);         \
    if (visit.code != SUCCESS)                                                                     \
        return visit.code;                                                                         \
    if (!(condition))                                                                              \
        return INVALID_ARGUMENT;

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    SYSTEM(version != NULL)
    return nvml_text(version, length, visit.state->machine.driver);
}

nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    char text[48];
    SYSTEM(version != NULL)
    snprintf(text, sizeof text, "13.%s", visit.state->machine.driver);
    return nvml_text(version, length, text);
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    SYSTEM(version != NULL)
    *version = 13000;
    return SUCCESS;
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count)
{
    SYSTEM(count != NULL)
    *count = (unsigned)visit.state->gpu_count;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    if (index >= MAX_GPUS || device == NULL)
        return INVALID_ARGUMENT;
    VISIT(&handles[index], 1)
    *device = &handles[index];
    return SUCCESS;
}

static nvmlReturn_t find(const char *call, const char *text, int is_uuid, nvmlDevice_t *device)
{
    unsigned wanted[3], has[3];
    if (text == NULL || device == NULL)
        return INVALID_ARGUMENT;
    if (!is_uuid && sscanf(text, "%x:%x:%x", &wanted[0], &wanted[1], &wanted[2]) != 3)
        return INVALID_ARGUMENT;
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit_system(call);
    if (visit.code != SUCCESS)
        return visit.code;
    for (int i = 0; i < visit.state->gpu_count; i++) {
        const struct card *card = &visit.state->gpu[i].card;
        sscanf(card->address, "%x:%x:%x", &has[0], &has[1], &has[2]);
        int is_it = is_uuid ? strcmp(text, card->uuid) == 0
                            : memcmp(wanted, has, sizeof wanted) == 0;
        if (!is_it)
            continue;
        *device = &handles[i];
        int is_lost = visit.state->gpu[i].is_shut_down || plant_has_fault(&nvml_plant, i, "lost");
        return is_lost ? GPU_IS_LOST : SUCCESS;
    }
    return NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *address, nvmlDevice_t *device)
{
    return find(__func__, address, 0, device);
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    return find(__func__, uuid, 1, device);
}
