/* libnvidia-ml.so.1, simulated by deeprig's tests. Names, numbers and structures are those of
 * NVIDIA's public nvml.h; what the cards say comes from sim.c. */
#define _DEFAULT_SOURCE
#include "sim.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int nvmlReturn_t;
typedef struct gpu *nvmlDevice_t;
enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    VERSION_MISMATCH = 18,
    UNKNOWN = 999
};
typedef struct {
    char busIdLegacy[16];
    unsigned domain, bus, device, pciDeviceId, pciSubSystemId;
    char busId[32];
} nvmlPciInfo_t;
typedef struct {
    unsigned long long total, free, used;
} nvmlMemory_t;
typedef struct {
    unsigned version;
    unsigned long long total, reserved, free, used;
} nvmlMemory_v2_t;
typedef struct {
    unsigned gpu, memory;
} nvmlUtilization_t;
typedef struct {
    unsigned pid;
    unsigned long long usedGpuMemory;
    unsigned gpuInstanceId, computeInstanceId;
} nvmlProcessInfo_t;

static struct gpu gpus[SIM_MAX_GPUS];
static int gpu_count, users, control = -1;

#define READY(condition)                                                                           \
    do {                                                                                           \
        if (users == 0)                                                                            \
            return UNINITIALIZED;                                                                  \
        if (!(condition))                                                                          \
            return INVALID_ARGUMENT;                                                               \
    } while (0)

static int is_device(nvmlDevice_t device)
{
    return device >= gpus && device < gpus + gpu_count;
}

nvmlReturn_t nvmlInit_v2(void)
{
    if (users > 0) {
        users++;
        return SUCCESS;
    }
    const char *loaded = sim_loaded_version();
    if (loaded[0] == '\0')
        return DRIVER_NOT_LOADED;
    if (strcmp(loaded, sim_own_version()) != 0)
        return VERSION_MISMATCH;
    if (sim_has_fault("nvml-fails"))
        return UNKNOWN;
    control = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    gpu_count = sim_gpus(gpus);
    users = 1;
    return SUCCESS;
}

nvmlReturn_t nvmlInit(void)
{
    return nvmlInit_v2();
}

nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    return nvmlInit_v2();
}

nvmlReturn_t nvmlShutdown(void)
{
    READY(1);
    if (--users == 0 && control >= 0) {
        close(control);
        control = -1;
    }
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
    case VERSION_MISMATCH: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}

static nvmlReturn_t give_text(char *to, unsigned size, const char *text)
{
    if (strlen(text) >= size)
        return INSUFFICIENT_SIZE;
    memcpy(to, text, strlen(text) + 1);
    return SUCCESS;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    READY(version != NULL);
    return give_text(version, length, sim_loaded_version());
}

/* NVML's own version: CUDA's major, then the library's, as in 13.580.126.20. */
nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    char text[48];
    if (version == NULL)
        return INVALID_ARGUMENT;
    snprintf(text, sizeof text, "%d.%s", sim_cuda_version(sim_own_version()) / 1000,
             sim_own_version());
    return give_text(version, length, text);
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    if (version == NULL)
        return INVALID_ARGUMENT;
    *version = sim_cuda_version(sim_own_version());
    return SUCCESS;
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

nvmlReturn_t nvmlSystemGetProcessName(unsigned pid, char *name, unsigned length)
{
    char path[48], text[256];
    READY(name != NULL);
    snprintf(path, sizeof path, "/proc/%u/cmdline", pid);
    if (sim_read_line(path, text, sizeof text) != 0)
        return NOT_FOUND;
    snprintf(name, length, "%s", text);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count)
{
    READY(count != NULL);
    *count = (unsigned)gpu_count;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    READY(device != NULL && index < (unsigned)gpu_count);
    *device = &gpus[index];
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *address, nvmlDevice_t *device)
{
    unsigned domain, bus, number;
    READY(address != NULL && device != NULL);
    if (sscanf(address, "%x:%x:%x", &domain, &bus, &number) != 3)
        return INVALID_ARGUMENT;
    for (int i = 0; i < gpu_count; i++)
        if (gpus[i].domain == domain && gpus[i].bus == bus && gpus[i].device == number) {
            *device = &gpus[i];
            return SUCCESS;
        }
    return NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
    READY(is_device(device) && index != NULL);
    *index = (unsigned)(device - gpus);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minor)
{
    return nvmlDeviceGetIndex(device, minor);
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    READY(is_device(device) && name != NULL);
    return give_text(name, length, device->model.name);
}

/* A UUID of the card's place and kind: the same at every boot, different for every slot. */
nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    char text[96];
    READY(is_device(device) && uuid != NULL);
    snprintf(text, sizeof text, "GPU-%04xdee9-%04x-4%03x-8%03x-%012x", device->device_id,
             device->domain & 0xffff, device->bus & 0xfff, device->device & 0xfff,
             device->device_id * 2654435761u);
    return give_text(uuid, length, text);
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    READY(is_device(device) && pci != NULL);
    pci->domain = device->domain;
    pci->bus = device->bus;
    pci->device = device->device;
    pci->pciDeviceId = device->device_id << 16 | 0x10de;
    pci->pciSubSystemId = device->subsystem_id;
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04X:%02X:%02X.0",
             device->domain & 0xffffu, device->bus & 0xffu, device->device & 0xffu);
    snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:%02X.0", device->domain,
             device->bus & 0xffu, device->device & 0xffu);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    READY(is_device(device) && major != NULL && minor != NULL);
    *major = device->model.major;
    *minor = device->model.minor;
    return SUCCESS;
}

/* Reading a number of the card's state. */
#define NUMBER(function, key, otherwise)                                                           \
    nvmlReturn_t function(nvmlDevice_t device, unsigned *value)                                    \
    {                                                                                              \
        READY(is_device(device) && value != NULL);                                                 \
        *value = (unsigned)sim_state(device->address, key, (long)(otherwise));                     \
        return SUCCESS;                                                                            \
    }

NUMBER(nvmlDeviceGetFanSpeed, "fan_percent", 30)
NUMBER(nvmlDeviceGetNumFans, "fans", 2)
NUMBER(nvmlDeviceGetPowerUsage, "power_usage_milliwatts", device->model.default_watts * 100)
NUMBER(nvmlDeviceGetPowerManagementLimit, "power_limit_milliwatts",
       device->model.default_watts * 1000)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, "power_limit_milliwatts",
       device->model.default_watts * 1000)
NUMBER(nvmlDeviceGetPersistenceMode, "persistence_mode", 0)
NUMBER(nvmlDeviceGetPerformanceState, "performance_state", 8)

nvmlReturn_t nvmlDeviceGetPowerManagementDefaultLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    READY(is_device(device) && milliwatts != NULL);
    *milliwatts = device->model.default_watts * 1000;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned *celsius)
{
    READY(is_device(device) && sensor == 0 && celsius != NULL);
    *celsius = (unsigned)sim_state(device->address, "temperature_celsius", 40);
    return SUCCESS;
}

/* Thresholds by nvmlTemperatureThresholds_t: 0 shutdown, 1 slowdown, 3 GPU maximum. */
nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, int which, unsigned *celsius)
{
    READY(is_device(device) && celsius != NULL);
    if (which != 0 && which != 1 && which != 3)
        return NOT_SUPPORTED;
    *celsius = which == 0 ? 98 : which == 1 ? 95 : 87;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned *minimum,
                                                          unsigned *maximum)
{
    READY(is_device(device) && minimum != NULL && maximum != NULL);
    *minimum = device->model.minimum_watts * 1000;
    *maximum = device->model.maximum_watts * 1000;
    return SUCCESS;
}

/* Writing is root's. */
static nvmlReturn_t set(nvmlDevice_t device, const char *key, unsigned value)
{
    if (geteuid() != 0)
        return NO_PERMISSION;
    return sim_set_state(device->address, key, value) == 0 ? SUCCESS : UNKNOWN;
}

nvmlReturn_t nvmlDeviceSetPowerManagementLimit(nvmlDevice_t device, unsigned milliwatts)
{
    READY(is_device(device) && milliwatts >= device->model.minimum_watts * 1000 &&
          milliwatts <= device->model.maximum_watts * 1000);
    return set(device, "power_limit_milliwatts", milliwatts);
}

nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device, unsigned mode)
{
    READY(is_device(device) && mode <= 1);
    return set(device, "persistence_mode", mode);
}

static int is_fan(nvmlDevice_t device, unsigned fan)
{
    return is_device(device) && fan < (unsigned)sim_state(device->address, "fans", 2);
}

nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned fan, unsigned *percent)
{
    READY(is_fan(device, fan) && percent != NULL);
    return nvmlDeviceGetFanSpeed(device, percent);
}

nvmlReturn_t nvmlDeviceGetMinMaxFanSpeed(nvmlDevice_t device, unsigned *minimum, unsigned *maximum)
{
    READY(is_device(device) && minimum != NULL && maximum != NULL);
    *minimum = 30;
    *maximum = 100;
    return SUCCESS;
}

/* Policies: 0 temperature (automatic), 1 manual. */
nvmlReturn_t nvmlDeviceGetFanControlPolicy_v2(nvmlDevice_t device, unsigned fan, unsigned *policy)
{
    READY(is_fan(device, fan) && policy != NULL);
    *policy = (unsigned)sim_state(device->address, "fan_policy", 0);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceSetFanControlPolicy(nvmlDevice_t device, unsigned fan, unsigned policy)
{
    READY(is_fan(device, fan) && policy <= 1);
    return set(device, "fan_policy", policy);
}

nvmlReturn_t nvmlDeviceSetFanSpeed_v2(nvmlDevice_t device, unsigned fan, unsigned percent)
{
    READY(is_fan(device, fan) && percent <= 100);
    nvmlReturn_t result = set(device, "fan_percent", percent);
    return result != SUCCESS ? result : set(device, "fan_policy", 1);
}

nvmlReturn_t nvmlDeviceSetDefaultFanSpeed_v2(nvmlDevice_t device, unsigned fan)
{
    READY(is_fan(device, fan));
    nvmlReturn_t result = set(device, "fan_percent", 30);
    return result != SUCCESS ? result : set(device, "fan_policy", 0);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    READY(is_device(device) && memory != NULL);
    memory->total = (unsigned long long)device->model.memory_mib << 20;
    memory->used = (unsigned long long)sim_state(device->address, "memory_used_mib", 1) << 20;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    nvmlMemory_t plain;
    nvmlReturn_t result = nvmlDeviceGetMemoryInfo(device, &plain);
    if (result != SUCCESS)
        return result;
    memory->total = plain.total;
    memory->reserved = 0;
    memory->used = plain.used;
    memory->free = plain.free;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization)
{
    READY(is_device(device) && utilization != NULL);
    utilization->gpu = (unsigned)sim_state(device->address, "utilization_percent", 0);
    utilization->memory = utilization->gpu / 2;
    return SUCCESS;
}

/* Whether a process has a CUDA context: it has the card's device file and libcuda's mark open. */
static int holds(unsigned pid, const char *wanted)
{
    char directory[64], link[640], target[256];
    int is_held = 0;
    snprintf(directory, sizeof directory, "/proc/%u/fd", pid);
    DIR *descriptors = opendir(directory);
    if (descriptors == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
        snprintf(link, sizeof link, "%s/%s", directory, entry->d_name);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length > 0) {
            target[length] = '\0';
            is_held |= strcmp(target, wanted) == 0;
        }
    }
    closedir(descriptors);
    return is_held;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count,
                                                     nvmlProcessInfo_t *processes)
{
    char wanted[32];
    unsigned room, found = 0;
    READY(is_device(device) && count != NULL);
    room = *count;
    snprintf(wanted, sizeof wanted, "/dev/nvidia%d", (int)(device - gpus));
    DIR *all = opendir("/proc");
    for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
        unsigned pid = (unsigned)atoi(entry->d_name);
        if (pid == 0 || !holds(pid, "/dev/nvidia-uvm") || !holds(pid, wanted))
            continue;
        if (found < room && processes != NULL)
            processes[found] = (nvmlProcessInfo_t){pid, 256ull << 20, ~0u, ~0u};
        found++;
    }
    if (all != NULL)
        closedir(all);
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned *count,
                                                     nvmlProcessInfo_t *processes)
{
    return nvmlDeviceGetComputeRunningProcesses_v3(device, count, processes);
}
