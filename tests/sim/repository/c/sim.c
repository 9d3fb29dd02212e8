#define _DEFAULT_SOURCE
#include "sim.h"
#include "gpu_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PCI "/sys/bus/pci/devices"
#define FAULTS "/etc/deeprig-sim/faults"
#define STATE_DIRECTORY "/run/deeprig-sim"
#define STATE STATE_DIRECTORY "/gpu-state"

/* compiled.py writes the version over this text; volatile, so that nothing is folded from it. */
static volatile const char own_version[32] = "@DEEPRIG-DRIVER-VERSION@";

const char *sim_own_version(void)
{
    static char version[32];
    for (size_t i = 0; i < sizeof version - 1; i++)
        version[i] = own_version[i];
    return version;
}

int sim_read_line(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    text[0] = '\0';
    if (file == NULL)
        return -1;
    int is_read = fgets(text, (int)size, file) != NULL;
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return is_read ? 0 : -1;
}

const char *sim_loaded_version(void)
{
    static char version[64];
    sim_read_line("/sys/module/nvidia/version", version, sizeof version);
    return version;
}

int sim_is_open_module(void)
{
    char line[256];
    sim_read_line("/proc/driver/nvidia/version", line, sizeof line);
    return strstr(line, "Open Kernel Module") != NULL;
}

int sim_branch(const char *version)
{
    return atoi(version);
}

int sim_cuda_version(const char *version)
{
    static const int paired[][2] = {{610, 13030}, {595, 13020}, {590, 13010}, {580, 13000},
                                    {575, 12090}, {570, 12080}, {560, 12060}, {550, 12040},
                                    {535, 12020}, {0, 12000}};
    int i = 0;
    while (sim_branch(version) < paired[i][0])
        i++;
    return paired[i][1];
}

static unsigned long pci_number(const char *address, const char *file)
{
    char path[128], text[32];
    snprintf(path, sizeof path, PCI "/%s/%s", address, file);
    return sim_read_line(path, text, sizeof text) == 0 ? strtoul(text, NULL, 16) : 0;
}

static struct gpu_model model_of(unsigned device_id)
{
    for (size_t i = 0; i < sizeof gpu_models / sizeof *gpu_models; i++)
        if (gpu_models[i].device_id == device_id)
            return gpu_models[i];
    struct gpu_model unknown = {device_id, "NVIDIA Graphics Device", -1, 8192, 200, 100, 250, 0, 0};
    for (size_t i = 0; i < sizeof gpu_ranges / sizeof *gpu_ranges; i++)
        if (device_id >= gpu_ranges[i].first_id)
            unknown.generation = gpu_ranges[i].generation;
    return unknown;
}

static int is_driven(const struct gpu_model *model)
{
    if (model->generation < 0)
        return 0;
    const struct gpu_support *support = &gpu_support[model->generation];
    int branch = sim_branch(sim_loaded_version());
    int by_this_module = sim_is_open_module() ? support->by_open : support->by_proprietary;
    return by_this_module && branch >= support->first_branch && branch <= support->last_branch;
}

static int is_device(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int for_each_nvidia(unsigned class_code, struct gpu *gpus)
{
    struct dirent **names;
    int number = 0, listed = scandir(PCI, &names, is_device, alphasort);
    for (int i = 0; i < listed; i++) {
        const char *address = names[i]->d_name;
        if (pci_number(address, "vendor") == 0x10de && number < SIM_MAX_GPUS &&
            pci_number(address, "class") >> 16 == class_code) {
            struct gpu *gpu = &gpus[number++];
            memset(gpu, 0, sizeof *gpu);
            snprintf(gpu->address, sizeof gpu->address, "%.31s", address);
            sscanf(address, "%x:%x:%x", &gpu->domain, &gpu->bus, &gpu->device);
            gpu->device_id = (unsigned)pci_number(address, "device");
            gpu->subsystem_id = (unsigned)(pci_number(address, "subsystem_device") << 16 |
                                           pci_number(address, "subsystem_vendor"));
            gpu->model = model_of(gpu->device_id);
        }
        free(names[i]);
    }
    if (listed >= 0)
        free(names);
    return number;
}

int sim_gpus(struct gpu *gpus)
{
    struct gpu all[SIM_MAX_GPUS];
    int number = 0, present = for_each_nvidia(0x03, all);
    for (int i = 0; i < present; i++)
        if (is_driven(&all[i].model))
            gpus[number++] = all[i];
    return number;
}

int sim_has_nvswitch(void)
{
    struct gpu switches[SIM_MAX_GPUS];
    return for_each_nvidia(0x06, switches) > 0;
}

int sim_has_fault(const char *fault)
{
    char line[128], name[64], version[64];
    int is_found = 0;
    FILE *file = fopen(FAULTS, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        int words = sscanf(line, "%63s %63s", name, version);
        if (words >= 1 && strcmp(name, fault) == 0)
            is_found |= words == 1 || strcmp(version, sim_own_version()) == 0;
    }
    fclose(file);
    return is_found;
}

static int state_line(const char *line, const char *address, const char *key, long *value)
{
    char wanted[128];
    int length = snprintf(wanted, sizeof wanted, "%s %s=", address, key);
    if (strncmp(line, wanted, (size_t)length) != 0)
        return 0;
    *value = atol(line + length);
    return 1;
}

long sim_state(const char *address, const char *key, long otherwise)
{
    char line[256];
    long value = otherwise;
    FILE *file = fopen(STATE, "re");
    if (file == NULL)
        return otherwise;
    flock(fileno(file), LOCK_SH);
    while (fgets(line, sizeof line, file) != NULL)
        state_line(line, address, key, &value);
    fclose(file);
    return value;
}

/* Write the file anew, without the old line and with the new one. Open and locked: `file`. */
static int rewrite(FILE *file, const char *address, const char *key, long value)
{
    char text[65536], line[256];
    size_t used = 0;
    long old;
    while (fgets(line, sizeof line, file) != NULL)
        if (!state_line(line, address, key, &old) && used + strlen(line) < sizeof text - 256) {
            memcpy(text + used, line, strlen(line));
            used += strlen(line);
        }
    used += (size_t)snprintf(text + used, sizeof text - used, "%s %s=%ld\n", address, key, value);
    rewind(file);
    if (ftruncate(fileno(file), 0) != 0 || fwrite(text, 1, used, file) != used)
        return -1;
    return 0;
}

int sim_set_state(const char *address, const char *key, long value)
{
    if (mkdir(STATE_DIRECTORY, 0755) != 0 && errno != EEXIST)
        return -1;
    int descriptor = open(STATE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r+");
    if (file == NULL)
        return -1;
    flock(descriptor, LOCK_EX);
    int failed = rewrite(file, address, key, value);
    return fclose(file) != 0 || failed ? -1 : 0;
}
