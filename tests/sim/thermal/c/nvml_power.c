/* Power, and why the clocks are what they are. */
#define _GNU_SOURCE
#include "nvml.h"

#include <math.h>
#include <stdio.h>

static unsigned milliwatts(const struct visit *visit)
{
    return (unsigned)lround(nvml_reading(visit, "power", visit->gpu->watts) * 1000);
}

NUMBER(nvmlDeviceGetPowerUsage, 1, milliwatts(&visit))
NUMBER(nvmlDeviceGetPowerManagementLimit, 1, visit.gpu->limit_watts * 1000)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, 1, visit.gpu->limit_watts * 1000)
NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, 1, visit.gpu->card.default_limit_watts * 1000)
NUMBER(nvmlDeviceGetPowerManagementMode, 1, 1)

nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned *minimum,
                                                          unsigned *maximum)
{
    VISIT(device, minimum != NULL && maximum != NULL)
    SUPPORTED(visit.gpu->card.power_limit_settable);
    *minimum = (unsigned)(visit.gpu->card.minimum_limit_watts * 1000);
    *maximum = (unsigned)(visit.gpu->card.maximum_limit_watts * 1000);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceSetPowerManagementLimit(nvmlDevice_t device, unsigned limit)
{
    char text[16];
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, __func__);
    nvmlReturn_t code = visit.code;
    if (code != SUCCESS)
        return code;
    const struct card *card = &visit.gpu->card;
    if (!card->power_limit_settable)
        code = NOT_SUPPORTED;
    else if ((code = nvml_may_set(&visit)) == SUCCESS &&
             (limit < card->minimum_limit_watts * 1000 || limit > card->maximum_limit_watts * 1000))
        code = INVALID_ARGUMENT;
    if (code == SUCCESS)
        visit.gpu->limit_watts = limit / 1000.0;
    snprintf(text, sizeof text, "%u", limit);
    plant_log(&nvml_plant, __func__, visit.index, text, code);
    return code;
}

nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long *mj)
{
    VISIT(device, mj != NULL)
    *mj = (unsigned long long)(visit.gpu->sums.energy * 1000);
    return SUCCESS;
}

/* nvmlClocksEventReasons: 1 idle, 4 power cap, 8 hardware slowdown, 0x20 software thermal,
 * 0x40 hardware thermal, 0x80 power brake. */
static unsigned long long reasons(const struct gpu *gpu)
{
    unsigned long long all = 0;
    if (gpu->load <= 0.02)
        all |= 1;
    if (gpu->is_capped)
        all |= 4;
    if (gpu->thermal_clock < 1)
        all |= 0x20;
    if (gpu->is_hardware_slowed)
        all |= 8 | 0x40;
    if (gpu->is_power_braked)
        all |= 8 | 0x80;
    return all;
}

nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, unsigned long long *all)
{
    VISIT(device, all != NULL)
    if (!visit.gpu->card.event_reasons)
        return FUNCTION_NOT_FOUND;
    *all = reasons(visit.gpu);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, unsigned long long *all)
{
    VISIT(device, all != NULL)
    *all = reasons(visit.gpu);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetSupportedClocksEventReasons(nvmlDevice_t device, unsigned long long *all)
{
    VISIT(device, all != NULL)
    *all = 0x1ff;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetSupportedClocksThrottleReasons(nvmlDevice_t device,
                                                         unsigned long long *all)
{
    return nvmlDeviceGetSupportedClocksEventReasons(device, all);
}
