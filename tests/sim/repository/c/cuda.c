/* libcuda.so.1, simulated by deeprig's tests: device memory is host memory, and the one kernel it
 * "launches" is deeprig_add(float* a, float* b, float* c, int n), which it computes itself.
 * Names and numbers are those of NVIDIA's public cuda.h. */
#define _DEFAULT_SOURCE
#include "sim.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult;
typedef int CUdevice;
typedef struct context *CUcontext;
typedef struct module *CUmodule;
typedef struct function *CUfunction;
typedef void *CUstream;
typedef unsigned long long CUdeviceptr;
enum {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    NOT_FOUND = 500,
    LAUNCH_FAILED = 719,
    SYSTEM_NOT_READY = 802,
    SYSTEM_DRIVER_MISMATCH = 803,
    UNKNOWN = 999
};
struct context {
    int device;
};
struct module {
    int has_add;
};
struct function {
    int dummy;
};

static struct gpu gpus[SIM_MAX_GPUS];
static int gpu_count = -1;
static struct context *current;
static struct function add;
static CUresult pending;

/* Fabric manager's mark: its version, written once it serves. */
static int is_fabric_ready(void)
{
    char version[64];
    if (!sim_has_nvswitch())
        return 1;
    return sim_read_line("/run/nvidia-fabricmanager/version", version, sizeof version) == 0 &&
           strcmp(version, sim_loaded_version()) == 0;
}

/* Hold the card's files open to the end of the process, as a CUDA program does. */
static void hold_devices(void)
{
    char path[32];
    (void)!open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    (void)!open("/dev/nvidia-uvm", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < gpu_count; i++) {
        snprintf(path, sizeof path, "/dev/nvidia%d", i);
        (void)!open(path, O_RDWR | O_CLOEXEC);
    }
}

CUresult cuInit(unsigned flags)
{
    if (flags != 0)
        return INVALID_VALUE;
    if (gpu_count >= 0)
        return SUCCESS;
    if (sim_loaded_version()[0] == '\0')
        return NO_DEVICE;
    if (strcmp(sim_loaded_version(), sim_own_version()) != 0)
        return SYSTEM_DRIVER_MISMATCH;
    if (sim_has_fault("cuda-init-fails"))
        return UNKNOWN;
    int found = sim_gpus(gpus);
    if (found == 0)
        return NO_DEVICE;
    if (!is_fabric_ready())
        return SYSTEM_NOT_READY;
    gpu_count = found;
    hold_devices();
    return SUCCESS;
}

CUresult cuDriverGetVersion(int *version)
{
    if (version == NULL)
        return INVALID_VALUE;
    *version = sim_cuda_version(sim_own_version());
    return SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
    if (gpu_count < 0)
        return NOT_INITIALIZED;
    *count = gpu_count;
    return SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    if (gpu_count < 0)
        return NOT_INITIALIZED;
    if (ordinal < 0 || ordinal >= gpu_count)
        return INVALID_DEVICE;
    *device = ordinal;
    return SUCCESS;
}

static int is_device(CUdevice device)
{
    return device >= 0 && device < gpu_count;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device)
{
    if (!is_device(device))
        return INVALID_DEVICE;
    snprintf(name, (size_t)length, "%s", gpus[device].model.name);
    return SUCCESS;
}

CUresult cuDeviceGetPCIBusId(char *address, int length, CUdevice device)
{
    if (!is_device(device))
        return INVALID_DEVICE;
    snprintf(address, (size_t)length, "%s", gpus[device].address);
    return SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    if (!is_device(device))
        return INVALID_DEVICE;
    *bytes = (size_t)gpus[device].model.memory_mib << 20;
    return SUCCESS;
}

/* Attributes 75 and 76: the compute capability. */
CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device)
{
    if (!is_device(device))
        return INVALID_DEVICE;
    if (attribute != 75 && attribute != 76)
        return INVALID_VALUE;
    *value = attribute == 75 ? gpus[device].model.major : gpus[device].model.minor;
    return SUCCESS;
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device)
{
    (void)flags;
    if (gpu_count < 0)
        return NOT_INITIALIZED;
    if (!is_device(device))
        return INVALID_DEVICE;
    *context = calloc(1, sizeof **context);
    if (*context == NULL)
        return OUT_OF_MEMORY;
    (*context)->device = device;
    current = *context;
    return SUCCESS;
}

CUresult cuCtxDestroy_v2(CUcontext context)
{
    if (context == NULL)
        return INVALID_CONTEXT;
    if (current == context)
        current = NULL;
    free(context);
    return SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes)
{
    if (current == NULL)
        return INVALID_CONTEXT;
    void *memory = bytes == 0 ? NULL : malloc(bytes);
    if (memory == NULL)
        return bytes == 0 ? INVALID_VALUE : OUT_OF_MEMORY;
    *pointer = (CUdeviceptr)(uintptr_t)memory;
    return SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr pointer)
{
    if (current == NULL)
        return INVALID_CONTEXT;
    free((void *)(uintptr_t)pointer);
    return SUCCESS;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
    if (current == NULL)
        return INVALID_CONTEXT;
    memcpy((void *)(uintptr_t)to, from, bytes);
    return SUCCESS;
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
    if (current == NULL)
        return INVALID_CONTEXT;
    if (pending != SUCCESS)
        return pending;
    memcpy(to, (const void *)(uintptr_t)from, bytes);
    return SUCCESS;
}

/* A module is PTX text; it must be one, and name the kernel that is known here. */
CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
    const char *text = image;
    if (current == NULL)
        return INVALID_CONTEXT;
    if (text == NULL || strstr(text, ".version") == NULL || strstr(text, ".target") == NULL)
        return INVALID_IMAGE;
    *module = calloc(1, sizeof **module);
    if (*module == NULL)
        return OUT_OF_MEMORY;
    (*module)->has_add = strstr(text, "deeprig_add") != NULL;
    return SUCCESS;
}

CUresult cuModuleUnload(CUmodule module)
{
    free(module);
    return SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
    if (!module->has_add || strcmp(name, "deeprig_add") != 0)
        return NOT_FOUND;
    *function = &add;
    return SUCCESS;
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                        unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                        CUstream stream, void **parameters, void **extra)
{
    (void)shared, (void)stream, (void)extra;
    if (current == NULL)
        return INVALID_CONTEXT;
    if (function != &add || parameters == NULL || grid_x * grid_y * grid_z == 0 ||
        block_x * block_y * block_z == 0 || block_x * block_y * block_z > 1024)
        return INVALID_VALUE;
    if (sim_has_fault("cuda-kernel-fails")) {
        pending = LAUNCH_FAILED;
        return SUCCESS; /* as on a card: the launch is accepted, the failure comes when waiting */
    }
    const float *a = (const float *)(uintptr_t)*(CUdeviceptr *)parameters[0];
    const float *b = (const float *)(uintptr_t)*(CUdeviceptr *)parameters[1];
    float *c = (float *)(uintptr_t)*(CUdeviceptr *)parameters[2];
    int n = *(int *)parameters[3];
    unsigned long long threads = (unsigned long long)grid_x * block_x; /* one element each */
    for (int i = 0; i < n && (unsigned long long)i < threads; i++)
        c[i] = a[i] + b[i];
    return SUCCESS;
}

CUresult cuCtxSynchronize(void)
{
    return current == NULL ? INVALID_CONTEXT : pending;
}

CUresult cuGetErrorName(CUresult error, const char **name)
{
    switch (error) {
    case SUCCESS: *name = "CUDA_SUCCESS"; break;
    case INVALID_VALUE: *name = "CUDA_ERROR_INVALID_VALUE"; break;
    case OUT_OF_MEMORY: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
    case NOT_INITIALIZED: *name = "CUDA_ERROR_NOT_INITIALIZED"; break;
    case NO_DEVICE: *name = "CUDA_ERROR_NO_DEVICE"; break;
    case INVALID_DEVICE: *name = "CUDA_ERROR_INVALID_DEVICE"; break;
    case INVALID_IMAGE: *name = "CUDA_ERROR_INVALID_IMAGE"; break;
    case INVALID_CONTEXT: *name = "CUDA_ERROR_INVALID_CONTEXT"; break;
    case NOT_FOUND: *name = "CUDA_ERROR_NOT_FOUND"; break;
    case LAUNCH_FAILED: *name = "CUDA_ERROR_LAUNCH_FAILED"; break;
    case SYSTEM_NOT_READY: *name = "CUDA_ERROR_SYSTEM_NOT_READY"; break;
    case SYSTEM_DRIVER_MISMATCH: *name = "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"; break;
    case UNKNOWN: *name = "CUDA_ERROR_UNKNOWN"; break;
    default: *name = NULL; return INVALID_VALUE;
    }
    return SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char **text)
{
    switch (error) {
    case SUCCESS: *text = "no error"; break;
    case NO_DEVICE: *text = "no CUDA-capable device is detected"; break;
    case LAUNCH_FAILED: *text = "unspecified launch failure"; break;
    case SYSTEM_NOT_READY: *text = "system not yet initialized"; break;
    case SYSTEM_DRIVER_MISMATCH:
        *text = "system has unsupported display driver / cuda driver combination";
        break;
    default: return cuGetErrorName(error, text);
    }
    return SUCCESS;
}
