/* Fans: what they are told, what they do, and who has them. */
#define _GNU_SOURCE
#include "nvml.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    unsigned version, fan, speed;
} nvmlFanSpeedInfo_t;

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
