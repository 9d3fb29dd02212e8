/* nvidia-smi, simulated by deeprig's tests: like the real one it only asks libnvidia-ml.so.1.
 * Table, queries, messages and exit codes follow the real program's. */
#define _DEFAULT_SOURCE
#include "sim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

typedef void *device_t;
static void *nvml;
static int only = -1, with_units = 1, with_header = 1;

/* Call an NVML function by name; its arguments are pointers and unsigned numbers. */
typedef int (*function_t)();
static function_t fn(const char *name)
{
    function_t function;
    *(void **)&function = dlsym(nvml, name);
    if (function == NULL) {
        printf("Failed to initialize NVML: Function Not Found\n");
        exit(13);
    }
    return function;
}

static int is_asked(int index)
{
    return only < 0 || only == index;
}

static unsigned number(const char *function, device_t device)
{
    unsigned value = 0;
    fn(function)(device, &value);
    return value;
}

struct card {
    char name[96], uuid[96], bus[32];
    unsigned temperature, fan, power, limit, minimum, maximum, standard, persistence, state, gpu;
    unsigned memory_utilization;
    unsigned long long total_mib, used_mib;
    int major, minor;
};

static struct card read_card(device_t device)
{
    struct card card = {0};
    unsigned pci[16 / 4 + 5 + 32 / 4] = {0}, rates[2];
    unsigned long long memory[3];
    fn("nvmlDeviceGetName")(device, card.name, 96u);
    fn("nvmlDeviceGetUUID")(device, card.uuid, 96u);
    fn("nvmlDeviceGetPciInfo_v3")(device, pci);
    memcpy(card.bus, (char *)pci + 16 + 5 * 4, 31);
    fn("nvmlDeviceGetTemperature")(device, 0, &card.temperature);
    card.fan = number("nvmlDeviceGetFanSpeed", device);
    card.power = number("nvmlDeviceGetPowerUsage", device);
    card.limit = number("nvmlDeviceGetPowerManagementLimit", device);
    card.standard = number("nvmlDeviceGetPowerManagementDefaultLimit", device);
    fn("nvmlDeviceGetPowerManagementLimitConstraints")(device, &card.minimum, &card.maximum);
    card.persistence = number("nvmlDeviceGetPersistenceMode", device);
    card.state = number("nvmlDeviceGetPerformanceState", device);
    fn("nvmlDeviceGetMemoryInfo")(device, memory);
    card.total_mib = memory[0] >> 20;
    card.used_mib = memory[2] >> 20;
    fn("nvmlDeviceGetUtilizationRates")(device, rates);
    card.gpu = rates[0];
    card.memory_utilization = rates[1];
    fn("nvmlDeviceGetCudaComputeCapability")(device, &card.major, &card.minor);
    return card;
}

static int count(void)
{
    unsigned count = 0;
    fn("nvmlDeviceGetCount_v2")(&count);
    return (int)count;
}

static device_t handle(int index)
{
    device_t device = NULL;
    fn("nvmlDeviceGetHandleByIndex_v2")((unsigned)index, &device);
    return device;
}

/* The card that "-i" names: an index, or a PCI address whose domain has four or eight digits. */
static int index_named(const char *text)
{
    unsigned domain, bus, device, wanted[3];
    if (sscanf(text, "%x:%x:%x", &wanted[0], &wanted[1], &wanted[2]) != 3)
        return atoi(text);
    for (int i = 0; i < count(); i++) {
        struct card card = read_card(handle(i));
        if (sscanf(card.bus, "%x:%x:%x", &domain, &bus, &device) == 3 && domain == wanted[0] &&
            bus == wanted[1] && device == wanted[2])
            return i;
    }
    return count(); /* none: "No devices found" */
}

static int list(void)
{
    for (int i = 0; i < count(); i++) {
        struct card card = read_card(handle(i));
        if (is_asked(i))
            printf("GPU %d: %s (UUID: %s)\n", i, card.name, card.uuid);
    }
    return 0;
}

static void table_head(void)
{
    char driver[64], cuda[32], now[64];
    int version = 0;
    time_t seconds = time(NULL);
    fn("nvmlSystemGetDriverVersion")(driver, 64u);
    fn("nvmlSystemGetCudaDriverVersion_v2")(&version);
    snprintf(cuda, sizeof cuda, "%d.%d", version / 1000, version % 1000 / 10);
    strftime(now, sizeof now, "%a %b %e %H:%M:%S %Y", localtime(&seconds));
    printf("%s       \n", now);
    puts("+-----------------------------------------------------------------------------------------+");
    printf("| NVIDIA-SMI %-23sDriver Version: %-15sCUDA Version: %-9s|\n", sim_own_version(),
           driver, cuda);
    puts("+-----------------------------------------+------------------------+----------------------+\n"
         "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n"
         "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n"
         "|                                         |                        |               MIG M. |\n"
         "|=========================================+========================+======================|");
}

static void table_row(int index, const struct card *card)
{
    char name[28], memory[32], power[32];
    snprintf(name, sizeof name, "%.27s", card->name);
    snprintf(power, sizeof power, "%uW / %4uW", card->power / 1000, card->limit / 1000);
    snprintf(memory, sizeof memory, "%lluMiB / %6lluMiB", card->used_mib, card->total_mib);
    printf("| %3d  %-31s%-3s |   %s Off |                  N/A |\n", index, name,
           card->persistence ? "On" : "Off", card->bus);
    printf("| %2u%%   %2uC    P%u    %20s | %22s | %6u%%      Default |\n", card->fan,
           card->temperature, card->state, power, memory, card->gpu);
    puts("|                                         |                        |                  N/A |\n"
         "+-----------------------------------------+------------------------+----------------------+");
}

static void processes(void)
{
    struct {
        unsigned pid;
        unsigned long long bytes;
        unsigned instance, compute;
    } running[64];
    int shown = 0;
    puts("                                                                                         \n"
         "+-----------------------------------------------------------------------------------------+\n"
         "| Processes:                                                                              |\n"
         "|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |\n"
         "|        ID   ID                                                               Usage      |\n"
         "|=========================================================================================|");
    for (int i = 0; i < count(); i++) {
        unsigned found = 64;
        if (fn("nvmlDeviceGetComputeRunningProcesses_v3")(handle(i), &found, running) != 0)
            found = 0;
        for (unsigned j = 0; j < found; j++, shown++) {
            char name[256] = "[Not Found]";
            fn("nvmlSystemGetProcessName")(running[j].pid, name, 255u);
            printf("| %4d   N/A  N/A %16u      C   %-35.35s %7lluMiB |\n", i, running[j].pid, name,
                   running[j].bytes >> 20);
        }
    }
    if (shown == 0)
        puts("|  No running processes found                                                             |");
    puts("+-----------------------------------------------------------------------------------------+");
}

static int table(void)
{
    table_head();
    for (int i = 0; i < count(); i++) {
        struct card card = read_card(handle(i));
        if (is_asked(i))
            table_row(i, &card);
    }
    processes();
    return 0;
}

/* One field of --query-gpu: its text with its unit. Returns 0, or -1 for an unknown field. */
static int field(const char *name, int index, const struct card *card, char *text, const char **unit)
{
    char driver[64];
    *unit = "";
    fn("nvmlSystemGetDriverVersion")(driver, 64u);
#define IS(field) (strcmp(name, field) == 0)
    if (IS("index")) sprintf(text, "%d", index);
    else if (IS("count")) sprintf(text, "%d", count());
    else if (IS("name") || IS("gpu_name")) sprintf(text, "%.95s", card->name);
    else if (IS("uuid") || IS("gpu_uuid")) sprintf(text, "%.95s", card->uuid);
    else if (IS("pci.bus_id") || IS("gpu_bus_id")) sprintf(text, "%.31s", card->bus);
    else if (IS("driver_version")) sprintf(text, "%.63s", driver);
    else if (IS("compute_cap")) sprintf(text, "%d.%d", card->major, card->minor);
    else if (IS("persistence_mode")) sprintf(text, "%s", card->persistence ? "Enabled" : "Disabled");
    else if (IS("pstate")) sprintf(text, "P%u", card->state);
    else if (IS("temperature.gpu")) sprintf(text, "%u", card->temperature);
    else if (IS("fan.speed")) sprintf(text, "%u", card->fan), *unit = " %";
    else if (IS("utilization.gpu")) sprintf(text, "%u", card->gpu), *unit = " %";
    else if (IS("utilization.memory")) sprintf(text, "%u", card->memory_utilization), *unit = " %";
    else if (IS("memory.total")) sprintf(text, "%llu", card->total_mib), *unit = " MiB";
    else if (IS("memory.used")) sprintf(text, "%llu", card->used_mib), *unit = " MiB";
    else if (IS("memory.free")) sprintf(text, "%llu", card->total_mib - card->used_mib), *unit = " MiB";
    else if (IS("power.draw")) sprintf(text, "%.2f", card->power / 1000.0), *unit = " W";
    else if (IS("power.limit") || IS("enforced.power.limit"))
        sprintf(text, "%.2f", card->limit / 1000.0), *unit = " W";
    else if (IS("power.default_limit")) sprintf(text, "%.2f", card->standard / 1000.0), *unit = " W";
    else if (IS("power.min_limit")) sprintf(text, "%.2f", card->minimum / 1000.0), *unit = " W";
    else if (IS("power.max_limit")) sprintf(text, "%.2f", card->maximum / 1000.0), *unit = " W";
    else return -1;
#undef IS
    return 0;
}

static int query_row(const char *names, int index, const struct card *card, int is_header)
{
    char copy[1024], text[128], *rest = NULL;
    const char *unit, *separator = "";
    snprintf(copy, sizeof copy, "%s", names);
    for (char *name = strtok_r(copy, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        if (field(name, index, card, text, &unit) != 0) {
            printf("Field \"%s\" is not a valid field to query.\n\n", name);
            return 2;
        }
        if (is_header && *unit != '\0')
            printf("%s%s [%s]", separator, name, unit + 1);
        else
            printf("%s%s%s", separator, is_header ? name : text, with_units && !is_header ? unit : "");
        separator = ", ";
    }
    putchar('\n');
    return 0;
}

static int query(const char *names)
{
    struct card none = {0};
    int failed = with_header ? query_row(names, 0, &none, 1) : 0;
    for (int i = 0; i < count() && failed == 0; i++) {
        struct card card = read_card(handle(i));
        if (is_asked(i))
            failed = query_row(names, i, &card, 0);
    }
    return failed;
}

static int denied(const struct card *card, const char *what)
{
    printf("%s for GPU %s: Insufficient Permissions\nTerminating early due to previous errors.\n",
           what, card->bus);
    return 4;
}

static int set_persistence(const char *value)
{
    unsigned mode = strcmp(value, "1") == 0 || strcasecmp(value, "ENABLED") == 0;
    for (int i = 0; i < count(); i++) {
        struct card card = read_card(handle(i));
        if (!is_asked(i))
            continue;
        if (card.persistence == mode) {
            printf("Persistence mode is already %s for GPU %s.\n", mode ? "Enabled" : "Disabled",
                   card.bus);
            continue;
        }
        if (fn("nvmlDeviceSetPersistenceMode")(handle(i), mode) != 0)
            return denied(&card, "Unable to set persistence mode");
        printf("%s persistence mode for GPU %s.\n", mode ? "Enabled" : "Disabled", card.bus);
    }
    puts("All done.");
    return 0;
}

static int set_power_limit(const char *value)
{
    unsigned milliwatts = (unsigned)(strtod(value, NULL) * 1000.0 + 0.5);
    for (int i = 0; i < count(); i++) {
        struct card card = read_card(handle(i));
        if (!is_asked(i))
            continue;
        if (milliwatts < card.minimum || milliwatts > card.maximum) {
            printf("Provided power limit %.2f W is not a valid power limit which should be between "
                   "%.2f W and %.2f W for GPU %s\nTerminating early due to previous errors.\n",
                   milliwatts / 1000.0, card.minimum / 1000.0, card.maximum / 1000.0, card.bus);
            return 2;
        }
        if (fn("nvmlDeviceSetPowerManagementLimit")(handle(i), milliwatts) != 0)
            return denied(&card, "Failed to set power management limit");
        printf("Power limit for GPU %s was set to %.2f W from %.2f W.\n", card.bus,
               milliwatts / 1000.0, card.limit / 1000.0);
    }
    puts("All done.");
    return 0;
}

static int failed_to_start(int error)
{
    char version[64];
    if (error == 9) {
        puts("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make "
             "sure that the latest NVIDIA driver is installed and running.\n");
        return 9;
    }
    const char *(*text)(int);
    *(void **)&text = dlsym(nvml, "nvmlErrorString");
    printf("Failed to initialize NVML: %s\n", text(error));
    if (error == 18) {
        snprintf(version, sizeof version, "%s", sim_own_version());
        if (strrchr(version, '.') != strchr(version, '.')) /* 580.126.20 is said as 580.126 */
            *strrchr(version, '.') = '\0';
        printf("NVML library version: %s\n", version);
    }
    return error > 255 ? 255 : error;
}

static int help(void)
{
    printf("NVIDIA System Management Interface -- v%s, simulated by deeprig's tests\n\n",
           sim_own_version());
    puts("nvidia-smi [-L] [-i INDEX] [-pm 0|1] [-pl WATTS]\n"
         "           [--query-gpu=FIELDS --format=csv[,noheader][,nounits]]");
    return 0;
}

static int bad_option(const char *option)
{
    printf("ERROR: Option %s is not recognized. Please run 'nvidia-smi -h' for help.\n\n", option);
    return 2;
}

/* The value of an option: "--x=value", or the next argument. */
static const char *value_of(char **arguments, int *i, const char *option)
{
    size_t length = strlen(option);
    if (strncmp(arguments[*i], option, length) == 0 && arguments[*i][length] == '=')
        return arguments[*i] + length + 1;
    if (strcmp(arguments[*i], option) == 0 && arguments[*i + 1] != NULL)
        return arguments[++*i];
    return NULL;
}

struct request {
    const char *query, *persistence, *limit;
    int is_list, is_csv;
};

static void read_format(struct request *request, const char *format)
{
    request->is_csv = strstr(format, "csv") != NULL;
    with_header = strstr(format, "noheader") == NULL;
    with_units = strstr(format, "nounits") == NULL;
}

/* Read one argument. Returns 0, or -1 when it is not known. */
static int read_argument(struct request *request, char **arguments, int *i)
{
    const char *value;
    if (strcmp(arguments[*i], "-L") == 0 || strcmp(arguments[*i], "--list-gpus") == 0)
        return request->is_list = 1, 0;
    if ((value = value_of(arguments, i, "--query-gpu")) != NULL)
        return request->query = value, 0;
    if ((value = value_of(arguments, i, "--format")) != NULL)
        return read_format(request, value), 0;
    if ((value = value_of(arguments, i, "-i")) != NULL ||
        (value = value_of(arguments, i, "--id")) != NULL)
        return only = index_named(value), 0;
    if ((value = value_of(arguments, i, "-pm")) != NULL ||
        (value = value_of(arguments, i, "--persistence-mode")) != NULL)
        return request->persistence = value, 0;
    if ((value = value_of(arguments, i, "-pl")) != NULL ||
        (value = value_of(arguments, i, "--power-limit")) != NULL)
        return request->limit = value, 0;
    return -1;
}

static int answer(const struct request *request)
{
    if (only >= count() || count() == 0) {
        puts("No devices found");
        return 6;
    }
    if (request->persistence != NULL)
        return set_persistence(request->persistence);
    if (request->limit != NULL)
        return set_power_limit(request->limit);
    if (request->query != NULL)
        return query(request->query);
    return request->is_list ? list() : table();
}

/* Open and initialise NVML. Returns 0, or the exit code after saying why. */
static int start_nvml(void)
{
    nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (nvml == NULL) {
        puts("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure "
             "that the NVIDIA Display Driver is properly installed and present in your system.\n"
             "Please also try adding directory that contains libnvidia-ml.so to your system PATH.");
        return 12;
    }
    int error = fn("nvmlInit_v2")();
    return error == 0 ? 0 : failed_to_start(error);
}

int main(int argc, char **arguments)
{
    struct request request = {0};
    for (int i = 1; i < argc; i++)
        if (strcmp(arguments[i], "-h") == 0 || strcmp(arguments[i], "--help") == 0)
            return help();
    if (sim_has_fault("smi-fails")) {
        puts("Unable to determine the device handle for GPU 0000:01:00.0: Unknown Error");
        return 255;
    }
    int failed = start_nvml(); /* the real program looks at no option before this either */
    if (failed)
        return failed;
    for (int i = 1; i < argc; i++)
        if (read_argument(&request, arguments, &i) != 0)
            return bad_option(arguments[i]);
    if (request.query != NULL && !request.is_csv)
        return bad_option("--query-gpu without --format=csv");
    return answer(&request);
}
