/* What a card is and does: names, place, clocks, memory, link, processes. */
#define _GNU_SOURCE
#include "nvml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

static const unsigned long long RESERVED_MIB = 300; /* by driver and firmware (chosen) */

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    VISIT(device, name != NULL)
    return nvml_text(name, length, visit.gpu->card.name);
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    VISIT(device, uuid != NULL)
    return nvml_text(uuid, length, visit.gpu->card.uuid);
}

nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned length)
{
    VISIT(device, serial != NULL && length > 0)
    return NOT_SUPPORTED; /* as consumer cards answer */
}

nvmlReturn_t nvmlDeviceGetVbiosVersion(nvmlDevice_t device, char *version, unsigned length)
{
    VISIT(device, version != NULL)
    return nvml_text(version, length, "00.00.00.00.00"); /* no card's: simulated */
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    VISIT(device, pci != NULL)
    unsigned domain = 0, bus = 0, number = 0;
    sscanf(visit.gpu->card.address, "%x:%x:%x", &domain, &bus, &number);
    memset(pci, 0, sizeof *pci);
    pci->domain = domain;
    pci->bus = bus;
    pci->device = number;
    pci->pciDeviceId = 0x220410de;
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04X:%02X:%02X.0", domain & 0xffff,
             bus & 0xff, number & 0xff);
    snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:%02X.0", domain, bus & 0xff, number & 0xff);
    return SUCCESS;
}

NUMBER(nvmlDeviceGetIndex, 1, visit.index)
NUMBER(nvmlDeviceGetMinorNumber, 1, visit.index)
NUMBER(nvmlDeviceGetArchitecture, 1, 7)
NUMBER(nvmlDeviceGetBrand, 1, 5)
NUMBER(nvmlDeviceGetPersistenceMode, 1, visit.gpu->persistence)
NUMBER(nvmlDeviceGetPerformanceState, 1, visit.gpu->load > 0.02 ? 2 : 8)
NUMBER(nvmlDeviceGetPowerState, 1, visit.gpu->load > 0.02 ? 2 : 8)
NUMBER(nvmlDeviceGetComputeMode, 1, 0)
NUMBER(nvmlDeviceGetDisplayActive, 1, 0)
NUMBER(nvmlDeviceGetDisplayMode, 1, 0)

nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device, unsigned mode)
{
    char text[16];
    VISIT(device, mode <= 1)
    nvmlReturn_t code = nvml_may_set(&visit);
    if (code == SUCCESS)
        visit.gpu->persistence = (int)mode;
    snprintf(text, sizeof text, "%u", mode);
    plant_log(&nvml_plant, __func__, visit.index, text, code);
    return code;
}

nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    VISIT(device, major != NULL && minor != NULL)
    *major = (int)visit.gpu->card.compute_major;
    *minor = (int)visit.gpu->card.compute_minor;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    VISIT(device, current != NULL && pending != NULL)
    return NOT_SUPPORTED;
}

static unsigned full_clock(const struct gpu *gpu, int type)
{
    return (unsigned)(type == 2 ? gpu->card.memory_mhz : gpu->card.graphics_mhz);
}

/* Clock types: 0 graphics, 1 SM, 2 memory, 3 video. At rest a card runs far slower (chosen). */
nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, int type, unsigned *megahertz)
{
    VISIT(device, megahertz != NULL && type >= 0 && type <= 3)
    double clock = type == 2 ? 1 : visit.gpu->clock;
    if (visit.gpu->load <= 0.02)
        *megahertz = type == 2 ? 405 : 210;
    else
        *megahertz = (unsigned)lround(full_clock(visit.gpu, type) * clock);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, int type, unsigned *megahertz)
{
    VISIT(device, megahertz != NULL && type >= 0 && type <= 3)
    *megahertz = full_clock(visit.gpu, type);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetClock(nvmlDevice_t device, int type, int which, unsigned *megahertz)
{
    if (which == 0)
        return nvmlDeviceGetClockInfo(device, type, megahertz);
    VISIT(device, megahertz != NULL)
    return NOT_SUPPORTED;
}

static unsigned long long used_mib(const struct visit *visit)
{
    return (unsigned long long)nvml_set(visit, "memory_used_mib", visit->gpu->load > 0 ? 8192 : 1);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    VISIT(device, memory != NULL)
    /* The first version counts what is reserved as used. */
    memory->total = (unsigned long long)visit.gpu->card.memory_mib << 20;
    memory->used = (used_mib(&visit) + RESERVED_MIB) << 20;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    VISIT(device, memory != NULL)
    if (memory->version != (sizeof(nvmlMemory_v2_t) | 2u << 24))
        return VERSION_MISMATCH;
    memory->total = (unsigned long long)visit.gpu->card.memory_mib << 20;
    memory->reserved = RESERVED_MIB << 20;
    memory->used = used_mib(&visit) << 20;
    memory->free = memory->total - memory->reserved - memory->used;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, unsigned long long *bar)
{
    VISIT(device, bar != NULL)
    bar[0] = 256ull << 20; /* total, free, used */
    bar[2] = 2ull << 20;
    bar[1] = bar[0] - bar[2];
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization)
{
    VISIT(device, utilization != NULL)
    utilization->gpu = (unsigned)lround(visit.gpu->load * 100);
    utilization->memory = utilization->gpu / 2;
    return SUCCESS;
}

static nvmlReturn_t give_utilization(nvmlDevice_t device, const char *call, unsigned *percent,
                                     unsigned *period_us)
{
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, call);
    if (visit.code != SUCCESS)
        return visit.code;
    *percent = 0;
    *period_us = 167000;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned *percent, unsigned *us)
{
    return give_utilization(device, __func__, percent, us);
}

nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned *percent, unsigned *us)
{
    return give_utilization(device, __func__, percent, us);
}

/* The link's generation drops at rest to save power; its width does not. */
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, 1,
       nvml_set(&visit, "pcie_generation",
                visit.gpu->load > 0.02 ? visit.gpu->card.pcie_generation : 1))
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, 1, visit.gpu->card.pcie_generation)
NUMBER(nvmlDeviceGetGpuMaxPcieLinkGeneration, 1, visit.gpu->card.pcie_generation)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, 1,
       nvml_set(&visit, "pcie_width", visit.gpu->card.pcie_width))
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, 1, visit.gpu->card.pcie_width)
NUMBER(nvmlDeviceGetPcieReplayCounter, 1, nvml_set(&visit, "pcie_replays", 0))

nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, int which, unsigned *kb_per_second)
{
    VISIT(device, kb_per_second != NULL && which >= 0 && which <= 1)
    *kb_per_second = (unsigned)(visit.gpu->load * 1000000);
    return SUCCESS;
}

/* set/<gpu>/<kind>_processes: a line per process, its pid and its MiB. */
static nvmlReturn_t give_processes(nvmlDevice_t device, const char *call, const char *kind,
                                   unsigned *count, nvmlProcessInfo_t *processes)
{
    char path[320], line[64];
    unsigned found = 0, pid;
    unsigned long long mib;
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, call);
    if (visit.code != SUCCESS)
        return visit.code;
    if (count == NULL)
        return INVALID_ARGUMENT;
    plant_path(&nvml_plant, visit.index, "set", kind, path, sizeof path);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "%u %llu", &pid, &mib) == 2) {
            if (found < *count && processes != NULL)
                processes[found] = (nvmlProcessInfo_t){pid, mib << 20, ~0u, ~0u};
            found++;
        }
    if (file != NULL)
        fclose(file);
    unsigned room = *count;
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}

#define PROCESSES(function, kind)                                                                  \
    nvmlReturn_t function(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *processes)      \
    {                                                                                              \
        return give_processes(device, __func__, kind, count, processes);                           \
    }
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, "compute_processes")
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2, "compute_processes")
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics_processes")
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2, "graphics_processes")
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3, "mps_processes")
