/* Errors of memory, fields by number, and events. */
#define _GNU_SOURCE
#include "nvml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CORRECTED = 0, UNCORRECTED = 1, VOLATILE = 0 };
enum { VALUE_UINT = 1, VALUE_ULONGLONG = 3, VALUE_INT = 5 };
enum { XID_EVENT = 8 };

typedef struct {
    unsigned fieldId, scopeId;
    long long timestamp, latencyUsec;
    unsigned valueType;
    nvmlReturn_t nvmlReturn;
    union {
        double d;
        unsigned u;
        int i;
        unsigned long long ull;
    } value;
} nvmlFieldValue_t;
typedef struct {
    nvmlDevice_t device;
    unsigned long long eventType, eventData;
    unsigned gpuInstanceId, computeInstanceId;
} nvmlEventData_t;
typedef struct {
    unsigned long long referenceTime, violationTime;
} nvmlViolationTime_t;
typedef struct event_set {
    nvmlDevice_t device[MAX_GPUS];
    int count;
} *nvmlEventSet_t;

nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    VISIT(device, current != NULL && pending != NULL)
    SUPPORTED(visit.gpu->card.ecc);
    *current = *pending = (unsigned)nvml_set(&visit, "ecc_on", 1);
    return SUCCESS;
}

/* set/<gpu>/ecc_corrected and ecc_uncorrected, and the same with _aggregate. */
static unsigned long long ecc_count(const struct visit *visit, int type, int counter)
{
    char key[40];
    snprintf(key, sizeof key, "ecc_%s%s", type == CORRECTED ? "corrected" : "uncorrected",
             counter == VOLATILE ? "" : "_aggregate");
    return (unsigned long long)nvml_set(visit, key, 0);
}

nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, int type, int counter,
                                         unsigned long long *count)
{
    VISIT(device, count != NULL && (type == CORRECTED || type == UNCORRECTED))
    SUPPORTED(visit.gpu->card.ecc);
    *count = ecc_count(&visit, type, counter);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device, int type, int counter, int where,
                                             unsigned long long *count)
{
    VISIT(device, count != NULL && (type == CORRECTED || type == UNCORRECTED))
    SUPPORTED(visit.gpu->card.ecc);
    *count = where == 2 ? ecc_count(&visit, type, counter) : 0; /* all of them in device memory */
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned *correctable,
                                       unsigned *uncorrectable, unsigned *is_pending,
                                       unsigned *has_failed)
{
    VISIT(device, correctable && uncorrectable && is_pending && has_failed)
    SUPPORTED(visit.gpu->card.row_remapping);
    *correctable = (unsigned)nvml_set(&visit, "remapped_correctable", 0);
    *uncorrectable = (unsigned)nvml_set(&visit, "remapped_uncorrectable", 0);
    *is_pending = (unsigned)nvml_set(&visit, "remapped_pending", 0);
    *has_failed = (unsigned)nvml_set(&visit, "remapped_failure", 0);
    return SUCCESS;
}

/* Causes: 0 many single bit errors, 1 a double bit error. */
static unsigned retired(const struct visit *visit, int cause)
{
    return (unsigned)nvml_set(visit, cause == 0 ? "retired_single_bit" : "retired_double_bit", 0);
}

nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, int cause, unsigned *count,
                                       unsigned long long *addresses)
{
    VISIT(device, count != NULL && (cause == 0 || cause == 1))
    SUPPORTED(visit.gpu->card.page_retirement);
    unsigned room = *count, found = retired(&visit, cause);
    for (unsigned i = 0; addresses != NULL && i < found && i < room; i++)
        addresses[i] = 0x1000ull * (i + 1);
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}

NUMBER(nvmlDeviceGetRetiredPagesPendingStatus, visit.gpu->card.page_retirement,
       nvml_set(&visit, "retired_pending", 0))

/* Policies: 0 power, 1 thermal. Nanoseconds, as nvml.h has them. */
nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, int policy,
                                          nvmlViolationTime_t *violation)
{
    VISIT(device, violation != NULL)
    SUPPORTED(policy == 0 || policy == 1);
    const struct sums *sums = &visit.gpu->sums;
    double seconds = policy == 0 ? sums->power_capped : sums->hardware_slowed;
    violation->violationTime = (unsigned long long)(seconds * 1e9);
    violation->referenceTime = (unsigned long long)(visit.state->seconds * 1e6);
    return SUCCESS;
}

static nvmlReturn_t give_uint(nvmlFieldValue_t *field, int has, double value)
{
    SUPPORTED(has);
    field->valueType = VALUE_UINT;
    field->value.u = (unsigned)(int)lround(value);
    return SUCCESS;
}

static nvmlReturn_t give_long(nvmlFieldValue_t *field, int has, double value)
{
    SUPPORTED(has);
    field->valueType = VALUE_ULONGLONG;
    field->value.ull = (unsigned long long)value;
    return SUCCESS;
}

/* Of the T.Limit fields: kelvins from the operating maximum, below 0 where it is hotter. */
static nvmlReturn_t give_limit(nvmlFieldValue_t *field, int has, double kelvins)
{
    SUPPORTED(has);
    field->valueType = VALUE_INT;
    field->value.i = (int)lround(kelvins);
    return SUCCESS;
}

static nvmlReturn_t temperature_field(const struct visit *visit, nvmlFieldValue_t *field)
{
    const struct card *card = &visit->gpu->card;
    int has = card->limit_fields != 0;
    switch (field->fieldId) {
    case 82:
        return give_uint(field, card->memory_sensor != 0,
                         nvml_reading(visit, "memory-temperature", visit->gpu->memory_c));
    case 193: return give_limit(field, has, card->maximum_operating_c - card->shutdown_c);
    case 194: return give_limit(field, has, card->maximum_operating_c - card->slowdown_c);
    case 195: return give_limit(field, has && card->memory_sensor,
                                card->maximum_operating_c - card->memory_maximum_c);
    case 196: return give_limit(field, has, 0);
    default: return NOT_SUPPORTED;
    }
}

static nvmlReturn_t power_field(const struct visit *visit, nvmlFieldValue_t *field)
{
    const struct gpu *gpu = visit->gpu;
    int has = gpu->card.power_limit_settable != 0;
    switch (field->fieldId) {
    case 83: return give_long(field, 1, gpu->sums.energy * 1000);
    case 185:
    case 186: return give_uint(field, 1, nvml_reading(visit, "power", gpu->watts) * 1000);
    case 187: return give_uint(field, has, gpu->card.minimum_limit_watts * 1000);
    case 188: return give_uint(field, has, gpu->card.maximum_limit_watts * 1000);
    case 189: return give_uint(field, 1, gpu->card.default_limit_watts * 1000);
    case 190:
    case 192: return give_uint(field, 1, gpu->limit_watts * 1000);
    case 74: return give_long(field, 1, gpu->sums.power_capped * 1e9);
    case 75:
    case 270: return give_long(field, 1, gpu->sums.hardware_slowed * 1e9);
    case 269: return give_long(field, 1, gpu->sums.software_slowed * 1e9);
    default: return NOT_SUPPORTED;
    }
}

static nvmlReturn_t error_field(const struct visit *visit, nvmlFieldValue_t *field)
{
    const struct card *card = &visit->gpu->card;
    int ecc = card->ecc != 0, rows = card->row_remapping != 0, pages = card->page_retirement != 0;
    switch (field->fieldId) {
    case 1:
    case 2: return give_uint(field, ecc, nvml_set(visit, "ecc_on", 1));
    case 3: return give_long(field, ecc, (double)ecc_count(visit, CORRECTED, 0));
    case 4: return give_long(field, ecc, (double)ecc_count(visit, UNCORRECTED, 0));
    case 5: return give_long(field, ecc, (double)ecc_count(visit, CORRECTED, 1));
    case 6: return give_long(field, ecc, (double)ecc_count(visit, UNCORRECTED, 1));
    case 29: return give_uint(field, pages, retired(visit, 0));
    case 30: return give_uint(field, pages, retired(visit, 1));
    case 31: return give_uint(field, pages, nvml_set(visit, "retired_pending", 0));
    case 94: return give_uint(field, 1, nvml_set(visit, "pcie_replays", 0));
    case 142: return give_uint(field, rows, nvml_set(visit, "remapped_correctable", 0));
    case 143: return give_uint(field, rows, nvml_set(visit, "remapped_uncorrectable", 0));
    case 144: return give_uint(field, rows, nvml_set(visit, "remapped_pending", 0));
    case 145: return give_uint(field, rows, nvml_set(visit, "remapped_failure", 0));
    default: return NOT_SUPPORTED;
    }
}

nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *fields)
{
    VISIT(device, count > 0 && fields != NULL)
    for (int i = 0; i < count; i++) {
        char fault[40];
        nvmlFieldValue_t *field = &fields[i];
        field->timestamp = (long long)(plant_clock() * 1e6);
        field->latencyUsec = 0;
        snprintf(fault, sizeof fault, "not-supported:field-%u", field->fieldId);
        field->nvmlReturn = NOT_SUPPORTED;
        if (plant_has_fault(&nvml_plant, visit.index, fault))
            continue;
        field->nvmlReturn = temperature_field(&visit, field);
        if (field->nvmlReturn == NOT_SUPPORTED)
            field->nvmlReturn = power_field(&visit, field);
        if (field->nvmlReturn == NOT_SUPPORTED)
            field->nvmlReturn = error_field(&visit, field);
    }
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
    VISIT(device, types != NULL)
    *types = XID_EVENT;
    return SUCCESS;
}

nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set)
{
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit_system(__func__);
    if (visit.code != SUCCESS)
        return visit.code;
    *set = calloc(1, sizeof **set);
    return *set != NULL ? SUCCESS : UNKNOWN;
}

nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
    free(set);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types,
                                      nvmlEventSet_t set)
{
    VISIT(device, set != NULL && set->count < MAX_GPUS)
    SUPPORTED(types == XID_EVENT);
    set->device[set->count++] = device;
    return SUCCESS;
}

/* set/<gpu>/xid holds a number until it was told once. */
static int take_xid(nvmlDevice_t device, double *number)
{
    char path[320];
    *number = plant_set_value(&nvml_plant, device->index, "xid", -1);
    if (*number < 0)
        return 0;
    plant_path(&nvml_plant, device->index, "set", "xid", path, sizeof path);
    return unlink(path) == 0;
}

nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms)
{
    double number, until = plant_clock() + timeout_ms / 1000.0;
    const struct timespec pause = {0, 20000000};
    if (set == NULL || data == NULL)
        return INVALID_ARGUMENT;
    for (;;) {
        for (int i = 0; i < set->count; i++)
            if (take_xid(set->device[i], &number)) {
                *data = (nvmlEventData_t){set->device[i], XID_EVENT, (unsigned long long)number,
                                          ~0u, ~0u};
                return SUCCESS;
            }
        if (plant_has_fault(&nvml_plant, ALL_GPUS, "driver-unloaded"))
            return UNINITIALIZED;
        if (plant_clock() >= until)
            return TIMEOUT;
        nanosleep(&pause, NULL);
    }
}

nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms)
{
    return nvmlEventSetWait_v2(set, data, timeout_ms);
}
