/* Temperature, fans, power, and why the clocks are what they are. */
#define _GNU_SOURCE
#include "nvml.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    unsigned version, fan, speed;
} nvmlFanSpeedInfo_t;
typedef struct {
    unsigned version;
    int sensor, temperature;
} nvmlTemperature_t;
typedef struct {
    unsigned version;
    int margin;
} nvmlMarginTemperature_t;

static int die_celsius(const struct visit *visit)
{
    return (int)lround(nvml_reading(visit, "temperature", visit->gpu->die_c));
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned *celsius)
{
    VISIT(device, sensor == 0 && celsius != NULL)
    *celsius = (unsigned)die_celsius(&visit);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *temperature)
{
    VISIT(device, temperature != NULL)
    if (!visit.gpu->card.temperature_v)
        return FUNCTION_NOT_FOUND;
    if (temperature->version != (sizeof *temperature | 1u << 24))
        return VERSION_MISMATCH;
    if (temperature->sensor != 0)
        return INVALID_ARGUMENT;
    temperature->temperature = die_celsius(&visit);
    return SUCCESS;
}

/* Kelvins left until the operating maximum: what nvidia-smi calls T.Limit. */
nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device, nvmlMarginTemperature_t *margin)
{
    VISIT(device, margin != NULL)
    SUPPORTED(visit.gpu->card.limit_fields);
    if (margin->version != (sizeof *margin | 1u << 24))
        return VERSION_MISMATCH;
    double left = visit.gpu->card.maximum_operating_c - die_celsius(&visit);
    margin->margin = (int)lround(nvml_reading(&visit, "margin", left));
    return SUCCESS;
}

/* nvmlTemperatureThresholds_t: 0 shutdown, 1 slowdown, 2 memory's maximum, 3 operating maximum. */
nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, int which, unsigned *celsius)
{
    VISIT(device, celsius != NULL && which >= 0 && which < 8)
    const struct card *card = &visit.gpu->card;
    SUPPORTED(card->old_thresholds && which <= 3 && (which != 2 || card->memory_sensor));
    const double all[] = {card->shutdown_c, card->slowdown_c, card->memory_maximum_c,
                          card->maximum_operating_c};
    *celsius = (unsigned)nvml_reading(&visit, "threshold", all[which]);
    return SUCCESS;
}

NUMBER(nvmlDeviceGetNumFans, 1, visit.gpu->card.fans)

static int has_fan(const struct visit *visit, unsigned fan)
{
    return fan < (unsigned)visit->gpu->card.fans;
}

/* The intended speed, as nvml.h says of these calls: a fan that is blocked reads as any other. */
static nvmlReturn_t give_percent(nvmlDevice_t device, const char *call, unsigned fan,
                                 unsigned *percent)
{
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, call);
    if (visit.code != SUCCESS)
        return visit.code;
    SUPPORTED(visit.gpu->card.fans > 0);
    if (!has_fan(&visit, fan) || percent == NULL)
        return INVALID_ARGUMENT;
    *percent = (unsigned)lround(
        nvml_reading(&visit, "fan-percent", visit.gpu->fan[fan].asked_percent));
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned fan, unsigned *percent)
{
    return give_percent(device, __func__, fan, percent);
}

nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned *percent)
{
    return give_percent(device, __func__, 0, percent);
}

nvmlReturn_t nvmlDeviceGetTargetFanSpeed(nvmlDevice_t device, unsigned fan, unsigned *percent)
{
    return give_percent(device, __func__, fan, percent);
}

/* nvml.h promises the intended speed here too; "stuck-fan-unseen" is a card that keeps to it,
 * "stuck-fan" one whose tachometer is what answers. */
nvmlReturn_t nvmlDeviceGetFanSpeedRPM(nvmlDevice_t device, nvmlFanSpeedInfo_t *info)
{
    VISIT(device, info != NULL)
    SUPPORTED(visit.gpu->card.fans > 0 && visit.gpu->card.rpm_sensor);
    if (info->version != (sizeof *info | 1u << 24))
        return VERSION_MISMATCH;
    if (!has_fan(&visit, info->fan))
        return INVALID_ARGUMENT;
    double speed = visit.gpu->fan[info->fan].speed;
    if (plant_has_fault(&nvml_plant, visit.index, "stuck-fan-unseen"))
        speed = visit.gpu->fan[info->fan].asked_percent / 100;
    info->speed =
        (unsigned)lround(nvml_reading(&visit, "rpm", speed * visit.gpu->card.full_fan_rpm));
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMinMaxFanSpeed(nvmlDevice_t device, unsigned *minimum, unsigned *maximum)
{
    VISIT(device, minimum != NULL && maximum != NULL)
    SUPPORTED(visit.gpu->card.fans > 0);
    *minimum = (unsigned)visit.gpu->card.minimum_fan_percent;
    *maximum = (unsigned)visit.gpu->card.maximum_fan_percent;
    return SUCCESS;
}

/* Policies: 0 by temperature, the card's own; 1 manual. */
nvmlReturn_t nvmlDeviceGetFanControlPolicy_v2(nvmlDevice_t device, unsigned fan, unsigned *policy)
{
    VISIT(device, policy != NULL)
    SUPPORTED(visit.gpu->card.fans > 0 && visit.gpu->card.fan_policy_calls);
    if (!has_fan(&visit, fan))
        return INVALID_ARGUMENT;
    *policy = (unsigned)visit.gpu->fan[fan].is_manual;
    return SUCCESS;
}

/* What stands between a caller and a card's fan; SUCCESS when nothing does. */
static nvmlReturn_t may_set_fan(const struct visit *visit, unsigned fan)
{
    if (visit->code != SUCCESS)
        return visit->code;
    if (visit->gpu->card.fans == 0)
        return NOT_SUPPORTED;
    return has_fan(visit, fan) ? nvml_may_set(visit) : INVALID_ARGUMENT;
}

static nvmlReturn_t logged(const struct visit *visit, unsigned fan, const char *value,
                           nvmlReturn_t code)
{
    char text[40];
    snprintf(text, sizeof text, "%u %s", fan, value);
    if (visit->state != NULL)
        plant_log(&nvml_plant, visit->call, visit->index, text, code);
    return code;
}

nvmlReturn_t nvmlDeviceSetFanSpeed_v2(nvmlDevice_t device, unsigned fan, unsigned percent)
{
    char text[16];
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, __func__);
    nvmlReturn_t code = may_set_fan(&visit, fan);
    snprintf(text, sizeof text, "%u", percent);
    if (code == SUCCESS) {
        const struct card *card = &visit.gpu->card;
        int is_low = percent < card->minimum_fan_percent && !card->accepts_below_minimum;
        if (is_low || percent > card->maximum_fan_percent)
            code = INVALID_ARGUMENT;
    }
    if (code == SUCCESS) {
        visit.gpu->fan[fan].is_manual = 1;
        visit.gpu->fan[fan].asked_percent = percent;
    }
    return logged(&visit, fan, text, code);
}

nvmlReturn_t nvmlDeviceSetDefaultFanSpeed_v2(nvmlDevice_t device, unsigned fan)
{
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, __func__);
    nvmlReturn_t code = may_set_fan(&visit, fan);
    if (code == SUCCESS) {
        visit.gpu->fan[fan].is_manual = 0;
        visit.gpu->fan[fan].asked_percent = visit.gpu->automatic_percent;
    }
    return logged(&visit, fan, "default", code);
}

nvmlReturn_t nvmlDeviceSetFanControlPolicy(nvmlDevice_t device, unsigned fan, unsigned policy)
{
    struct visit visit __attribute__((cleanup(nvml_leave))) = nvml_visit(device, __func__);
    nvmlReturn_t code = may_set_fan(&visit, fan);
    if (code == SUCCESS && !visit.gpu->card.fan_policy_calls)
        code = NOT_SUPPORTED;
    if (code == SUCCESS && policy > 1)
        code = INVALID_ARGUMENT;
    if (code == SUCCESS)
        visit.gpu->fan[fan].is_manual = (int)policy;
    return logged(&visit, fan, policy == 1 ? "manual" : "temperature", code);
}

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
