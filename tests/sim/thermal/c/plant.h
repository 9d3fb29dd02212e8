/* The simulated cards as physical things: what they are, how they heat, and what was done to them.
 * All processes share one state by a mapped file; whoever looks brings it up to date first. */
#ifndef DEEPRIG_SIM_PLANT_H
#define DEEPRIG_SIM_PLANT_H

#include <stdint.h>

enum { MAX_GPUS = 16, MAX_FANS = 4, MAX_FAULTS = 32, FAULT_NAME = 80, ALL_GPUS = -1 };

/* What a card is: key of gpus.ini, and its value where none is given. README.md says which values
 * are published and which are chosen. */
#define CARD_NUMBERS(X)                                                                            \
    X(idle_watts, 25)                                                                              \
    X(full_watts, 350) /* what full load draws at full clock where no limit holds it back */       \
    X(default_limit_watts, 350)                                                                    \
    X(minimum_limit_watts, 100)                                                                    \
    X(maximum_limit_watts, 400)                                                                    \
    X(power_limit_settable, 1)                                                                     \
    X(memory_share, 0.2) /* of the power, turned to heat in the memory and not in the die */       \
    X(die_joules_per_kelvin, 60)                                                                   \
    X(sink_joules_per_kelvin, 900)                                                                 \
    X(memory_joules_per_kelvin, 80)                                                                \
    X(die_to_sink_kelvin_per_watt, 0.05)                                                           \
    X(memory_to_sink_kelvin_per_watt, 0.25)                                                        \
    X(still_watts_per_kelvin, 0.8) /* from the heatsink to the air, with no fan turning */         \
    X(blown_watts_per_kelvin, 14)  /* more of it, with all fans at full speed */                   \
    X(neighbour_kelvin_per_watt, 0.02) /* inlet of the card beside this one, per watt of ours */   \
    X(share_into_case, 1) /* of the heat: 1 open-air, near 0 a blower that blows out of the case */ \
    X(fans, 2)                                                                                     \
    X(minimum_fan_percent, 30)                                                                     \
    X(maximum_fan_percent, 100)                                                                    \
    X(firmware_maximum_percent, 100) /* no faster by its own curve, however hot */                  \
    X(accepts_below_minimum, 0) /* open-gpu-kernel-modules#413: accepted, and the fan stands */    \
    X(full_fan_rpm, 3300)                                                                          \
    X(spin_up_seconds, 1.5)                                                                        \
    X(spin_down_seconds, 3)                                                                        \
    X(rpm_sensor, 1)                                                                               \
    X(fan_policy_calls, 1)                                                                         \
    X(maximum_operating_c, 87)                                                                     \
    X(slowdown_c, 93)                                                                              \
    X(shutdown_c, 98)                                                                              \
    X(memory_maximum_c, 105)                                                                       \
    X(memory_sensor, 0)                                                                            \
    X(old_thresholds, 1) /* nvmlDeviceGetTemperatureThreshold answers */                           \
    X(limit_fields, 1)   /* NVML_FI_DEV_TEMPERATURE_*_TLIMIT and the margin answer */              \
    X(temperature_v, 1)  /* nvmlDeviceGetTemperatureV is there */                                  \
    X(event_reasons, 1)  /* ...ClocksEventReasons is there, not only ...ThrottleReasons */         \
    X(ecc, 0)                                                                                      \
    X(row_remapping, 0)                                                                            \
    X(page_retirement, 0)                                                                          \
    X(memory_mib, 24576)                                                                           \
    X(graphics_mhz, 1900)                                                                          \
    X(memory_mhz, 9500)                                                                            \
    X(pcie_generation, 4)                                                                          \
    X(pcie_width, 16)                                                                              \
    X(compute_major, 8)                                                                            \
    X(compute_minor, 6)

#define MACHINE_NUMBERS(X)                                                                         \
    X(is_virtual, 0) /* 1: time passes only by a step asked for */                                 \
    X(factor, 1)     /* seconds of the plant per second of the clock */                            \
    X(room_c, 24)                                                                                  \
    X(case_watts_per_kelvin, 60) /* heat that the case's own fans carry out */                     \
    X(case_joules_per_kelvin, 8000)                                                                \
    X(other_watts, 80) /* of the processor and the rest */

#define FIELD(name, otherwise) double name;
struct card {
    CARD_NUMBERS(FIELD)
    char name[96], uuid[80], address[20];
};
struct machine {
    MACHINE_NUMBERS(FIELD)
    char driver[32];
};
#undef FIELD

struct fan {
    double asked_percent, speed; /* speed: a share of the full one, 0 to 1 */
    int is_manual, is_stuck;
};

/* Heat and work since the state began; watt-seconds and seconds. */
struct sums {
    double energy, heat_to_air, work, work_wanted;
    double power_capped, software_slowed, hardware_slowed;
};

struct gpu {
    struct card card;
    struct fan fan[MAX_FANS];
    struct sums sums;
    double die_c, sink_c, memory_c, inlet_c, hottest_c;
    double load, watts, limit_watts, clock, thermal_clock, automatic_percent;
    int is_capped, is_hardware_slowed, is_power_braked, is_shut_down, persistence;
};

struct state {
    uint64_t magic, described_at, description_file;
    struct machine machine;
    struct gpu gpu[MAX_GPUS];
    int gpu_count;
    double seconds, case_c, case_heat_out; /* seconds: the plant's own time */
    double clock_seen;               /* the clock's at the last look; time of the plant is up to it */
};

struct faults {
    uint64_t changed_at;
    int count, is_known;
    char name[MAX_FAULTS][FAULT_NAME];
};

/* A plant as one process sees it. */
struct plant {
    char directory[200];
    int lock;
    struct state *state;
    struct faults faults[MAX_GPUS + 1];
};

/* describe.c: read gpus.ini. Returns 0, or -1 with a line on stderr. */
int plant_describe(const char *path, struct state *state);

/* physics.c */
void plant_settle(struct state *state); /* cold: everything at room temperature */
void plant_step(struct state *state, double seconds);

/* state.c: open and close; hold and let go around every use of ->state. Return 0 or -1. */
int plant_open(struct plant *plant, const char *directory);
void plant_close(struct plant *plant);
int plant_hold(struct plant *plant);
void plant_let_go(struct plant *plant);
void plant_advance(struct plant *plant, double seconds);
void plant_log(struct plant *plant, const char *call, int gpu, const char *arguments, int code);
double plant_clock(void);

/* files.c: faults/<gpu or all>/<name>, and set/<gpu>/<key> */
int plant_has_fault(struct plant *plant, int gpu, const char *name);
double plant_fault_value(struct plant *plant, int gpu, const char *name, double otherwise);
double plant_set_value(struct plant *plant, int gpu, const char *key, double otherwise);
int plant_path(const struct plant *plant, int gpu, const char *kind, const char *name, char *path,
               unsigned size);

#endif
