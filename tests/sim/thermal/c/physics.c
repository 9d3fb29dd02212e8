/* How the cards heat and slow down. Explicit Euler at steps far below the smallest time constant
 * (die: die_joules_per_kelvin x die_to_sink_kelvin_per_watt = 3 s as described by default). */
#include "plant.h"

#include <math.h>

static const double STEP_SECONDS = 0.05;
/* Power goes with clock x voltage squared, and voltage rises with the clock: between 1 and 3. */
static const double POWER_EXPONENT = 2.2;
/* Forced convection over fins in turbulent flow: Nusselt goes with Reynolds^0.8 (Dittus-Boelter). */
static const double AIRFLOW_EXPONENT = 0.8;
static const double LOWEST_CLOCK = 0.15;
/* NVIDIA's nvml.h: hardware slowdown reduces the core clocks "by a factor of 2 or more". */
static const double HARDWARE_SLOWDOWN_CLOCK = 0.5;
static const double HARDWARE_SLOWDOWN_HYSTERESIS_C = 3;
static const double SOFTWARE_CLOCK_PER_KELVIN_SECOND = 0.002;
static const double STALL_SHARE = 0.15; /* below it a fan does not turn */

static double clamped(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* The card's own fan curve, chosen after reviews of consumer cards: still below 50 C, 30 % at 60 C,
 * 75 % at 85 C, full at the slowdown threshold. Percent. */
static double firmware_percent(const struct gpu *gpu)
{
    double hottest = gpu->die_c, low = gpu->card.minimum_fan_percent;
    int is_turning = gpu->automatic_percent > 0;
    if (hottest < (is_turning ? 45 : 50))
        return 0;
    if (hottest < 60)
        return low;
    if (hottest < 85)
        return clamped(30 + (hottest - 60) * 45 / 25, low, 75);
    return clamped(75 + (hottest - 85) * 25 / fmax(gpu->card.slowdown_c - 85, 1), 75, 100);
}

static double held_firmware_percent(const struct gpu *gpu)
{
    return fmin(firmware_percent(gpu), gpu->card.firmware_maximum_percent);
}

static void turn_fans(struct gpu *gpu, double seconds)
{
    /* The firmware changes its fan's speed by at most 5 % a second (chosen). */
    double wanted = held_firmware_percent(gpu), last = gpu->automatic_percent, most = 5 * seconds;
    double from = last == 0 && wanted > 0 ? gpu->card.minimum_fan_percent : last;
    gpu->automatic_percent = wanted == 0 ? 0 : clamped(wanted, from - most, from + most);
    for (int i = 0; i < (int)gpu->card.fans; i++) {
        struct fan *fan = &gpu->fan[i];
        if (!fan->is_manual)
            fan->asked_percent = gpu->automatic_percent;
        double goal = fan->is_stuck ? 0 : fan->asked_percent / 100;
        if (goal < STALL_SHARE)
            goal = 0;
        double lag = goal > fan->speed ? gpu->card.spin_up_seconds : gpu->card.spin_down_seconds;
        fan->speed = fan->is_stuck ? 0 : fan->speed + (goal - fan->speed) * (1 - exp(-seconds / lag));
    }
}

/* Watts per kelvin from the heatsink to the air that it draws in. */
static double conductance(const struct gpu *gpu)
{
    double turning = 0;
    int fans = (int)gpu->card.fans;
    for (int i = 0; i < fans; i++)
        turning += gpu->fan[i].speed / fans;
    if (fans == 0)
        turning = 1; /* passive: the server's own fans blow through it, always */
    return gpu->card.still_watts_per_kelvin +
           gpu->card.blown_watts_per_kelvin * pow(turning, AIRFLOW_EXPONENT);
}

static double watts_at(const struct gpu *gpu, double clock)
{
    double above = gpu->card.full_watts - gpu->card.idle_watts;
    return gpu->card.idle_watts + gpu->load * above * pow(clock, POWER_EXPONENT);
}

/* What heat does to the clock: gently above the operating maximum, by half at the threshold. */
static void heed_heat(struct gpu *gpu, double seconds)
{
    double over = fmax(gpu->die_c - gpu->card.maximum_operating_c,
                       gpu->memory_c - gpu->card.memory_maximum_c);
    /* One kelvin below the maximum is where it begins to give back. */
    double change = over > 0 ? over : over < -1 ? over + 1 : 0;
    gpu->thermal_clock -= change * SOFTWARE_CLOCK_PER_KELVIN_SECOND * seconds;
    gpu->thermal_clock = clamped(gpu->thermal_clock, LOWEST_CLOCK, 1);
    double release = gpu->card.slowdown_c - HARDWARE_SLOWDOWN_HYSTERESIS_C;
    gpu->is_hardware_slowed =
        gpu->die_c >= (gpu->is_hardware_slowed ? release : gpu->card.slowdown_c);
    if (gpu->die_c >= gpu->card.shutdown_c)
        gpu->is_shut_down = 1;
}

static void draw_power(struct gpu *gpu)
{
    double clock = gpu->thermal_clock;
    if (gpu->is_hardware_slowed || gpu->is_power_braked)
        clock = fmin(clock, HARDWARE_SLOWDOWN_CLOCK);
    gpu->is_capped = watts_at(gpu, clock) > gpu->limit_watts + 1e-9;
    if (gpu->is_capped) {
        double idle = gpu->card.idle_watts, above = gpu->load * (gpu->card.full_watts - idle);
        double room = fmax(gpu->limit_watts - idle, 0);
        clock = fmax(pow(room / above, 1 / POWER_EXPONENT), LOWEST_CLOCK);
    }
    gpu->clock = clock;
    gpu->watts = gpu->is_shut_down ? 0 : watts_at(gpu, clock);
}

static void add_up(struct gpu *gpu, double heat_to_air, double seconds)
{
    gpu->sums.energy += gpu->watts * seconds;
    gpu->sums.heat_to_air += heat_to_air * seconds;
    gpu->sums.work_wanted += gpu->load * seconds;
    gpu->sums.work += (gpu->is_shut_down ? 0 : gpu->load * gpu->clock) * seconds;
    gpu->sums.power_capped += gpu->is_capped * seconds;
    gpu->sums.software_slowed += (gpu->thermal_clock < 1) * seconds;
    gpu->sums.hardware_slowed += gpu->is_hardware_slowed * seconds;
    gpu->hottest_c = fmax(gpu->hottest_c, gpu->die_c);
}

/* Returns the watts that go into the air. */
static double move_heat(struct gpu *gpu, double seconds)
{
    const struct card *card = &gpu->card;
    double memory_watts = gpu->watts * card->memory_share, die_watts = gpu->watts - memory_watts;
    double from_die = (gpu->die_c - gpu->sink_c) / card->die_to_sink_kelvin_per_watt;
    double from_memory = (gpu->memory_c - gpu->sink_c) / card->memory_to_sink_kelvin_per_watt;
    double to_air = (gpu->sink_c - gpu->inlet_c) * conductance(gpu);
    gpu->die_c += (die_watts - from_die) / card->die_joules_per_kelvin * seconds;
    gpu->memory_c += (memory_watts - from_memory) / card->memory_joules_per_kelvin * seconds;
    gpu->sink_c += (from_die + from_memory - to_air) / card->sink_joules_per_kelvin * seconds;
    return to_air;
}

/* What each card breathes: the case's air, and what the cards right beside it blow out. */
static void warm_inlets(struct state *state)
{
    for (int i = 0; i < state->gpu_count; i++) {
        double inlet = state->case_c;
        for (int j = i - 1; j <= i + 1; j += 2)
            if (j >= 0 && j < state->gpu_count)
                inlet += state->gpu[j].card.neighbour_kelvin_per_watt * state->gpu[j].watts;
        state->gpu[i].inlet_c = inlet;
    }
}

static void step_once(struct state *state, double seconds)
{
    const struct machine *machine = &state->machine;
    double into_case = machine->other_watts;
    warm_inlets(state);
    for (int i = 0; i < state->gpu_count; i++) {
        struct gpu *gpu = &state->gpu[i];
        turn_fans(gpu, seconds);
        heed_heat(gpu, seconds);
        draw_power(gpu);
        double to_air = move_heat(gpu, seconds);
        add_up(gpu, to_air, seconds);
        into_case += to_air * gpu->card.share_into_case;
    }
    double out = (state->case_c - machine->room_c) * machine->case_watts_per_kelvin;
    state->case_c += (into_case - out) / machine->case_joules_per_kelvin * seconds;
    state->case_heat_out += out * seconds;
    state->seconds += seconds;
}

void plant_step(struct state *state, double seconds)
{
    long steps = (long)ceil(seconds / STEP_SECONDS - 1e-9);
    for (long i = 0; i < steps; i++)
        step_once(state, seconds / (double)steps);
}

void plant_settle(struct state *state)
{
    state->case_c = state->machine.room_c;
    for (int i = 0; i < state->gpu_count; i++) {
        struct gpu *gpu = &state->gpu[i];
        gpu->die_c = gpu->sink_c = gpu->memory_c = gpu->inlet_c = state->machine.room_c;
        gpu->hottest_c = gpu->die_c;
        gpu->thermal_clock = gpu->clock = 1;
        gpu->limit_watts = gpu->card.default_limit_watts;
        gpu->watts = gpu->card.idle_watts;
    }
}
