/* What a test does with a plant beside NVML: the truth, and virtual time. Also a program:
 * deeprig-sim-thermal DIRECTORY truth | step SECONDS. */
#include "plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tell_gpu(const struct gpu *gpu, char *text, size_t size)
{
    int length = snprintf(
        text, size,
        "{\"die_c\": %.4f, \"sink_c\": %.4f, \"memory_c\": %.4f, \"inlet_c\": %.4f, "
        "\"hottest_c\": %.4f, \"load_percent\": %.2f, \"watts\": %.4f, \"limit_watts\": %.3f, "
        "\"clock\": %.5f, \"is_capped\": %d, \"is_hardware_slowed\": %d, \"is_shut_down\": %d, "
        "\"energy\": %.3f, \"heat_to_air\": %.3f, \"work\": %.4f, \"work_wanted\": %.4f, "
        "\"power_capped_seconds\": %.2f, \"software_slowed_seconds\": %.2f, "
        "\"hardware_slowed_seconds\": %.2f, \"persistence\": %d, \"fans\": [",
        gpu->die_c, gpu->sink_c, gpu->memory_c, gpu->inlet_c, gpu->hottest_c, gpu->load * 100,
        gpu->watts, gpu->limit_watts, gpu->clock, gpu->is_capped, gpu->is_hardware_slowed,
        gpu->is_shut_down, gpu->sums.energy, gpu->sums.heat_to_air, gpu->sums.work,
        gpu->sums.work_wanted, gpu->sums.power_capped, gpu->sums.software_slowed,
        gpu->sums.hardware_slowed, gpu->persistence);
    for (int i = 0; i < (int)gpu->card.fans && (size_t)length < size; i++)
        length += snprintf(text + length, size - (size_t)length,
                           "%s{\"asked_percent\": %.3f, \"rpm\": %.1f, \"is_manual\": %d}",
                           i > 0 ? ", " : "", gpu->fan[i].asked_percent,
                           gpu->fan[i].speed * gpu->card.full_fan_rpm, gpu->fan[i].is_manual);
    return length + snprintf(text + length, size - (size_t)length, "]}");
}

/* Write what is so as JSON. Returns 0, or -1 where there is no plant. */
int deeprig_sim_truth(const char *directory, char *text, unsigned size)
{
    struct plant plant;
    if (plant_open(&plant, directory) != 0)
        return -1;
    if (plant_hold(&plant) != 0) {
        plant_close(&plant);
        return -1;
    }
    const struct state *state = plant.state;
    size_t length = (size_t)snprintf(text, size,
                                     "{\"seconds\": %.3f, \"case_c\": %.4f, "
                                     "\"case_heat_out\": %.3f, \"gpus\": [",
                                     state->seconds, state->case_c, state->case_heat_out);
    for (int i = 0; i < state->gpu_count && length + 2000 < size; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s", i > 0 ? ", " : "");
        length += (size_t)tell_gpu(&state->gpu[i], text + length, size - length);
    }
    snprintf(text + length, size - length, "]}");
    plant_let_go(&plant);
    plant_close(&plant);
    return 0;
}

/* Let time pass. Returns 0, or -1 where there is no plant. */
int deeprig_sim_step(const char *directory, double seconds)
{
    struct plant plant;
    if (plant_open(&plant, directory) != 0)
        return -1;
    int result = plant_hold(&plant);
    if (result == 0) {
        plant_advance(&plant, seconds);
        plant_let_go(&plant);
    }
    plant_close(&plant);
    return result;
}

#ifdef DEEPRIG_SIM_PROGRAM
int main(int count, char **words)
{
    static char text[65536];
    int result = -2;
    if (count == 3 && strcmp(words[2], "truth") == 0)
        result = deeprig_sim_truth(words[1], text, sizeof text);
    else if (count == 4 && strcmp(words[2], "step") == 0)
        result = deeprig_sim_step(words[1], atof(words[3]));
    if (result == -2)
        fprintf(stderr, "usage: %s DIRECTORY truth | step SECONDS\n", words[0]);
    else if (text[0] != '\0')
        puts(text);
    return -result;
}
#endif
