/* Temperatures, and those at which a card slows down or switches itself off. */
#define _GNU_SOURCE
#include "nvml.h"

#include <math.h>

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
