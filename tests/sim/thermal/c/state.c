/* The state that all processes share: a mapped file, one lock, and time. */
#define _GNU_SOURCE
#include "plant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of this layout: a state left by a library built otherwise is begun anew. */
static const uint64_t MAGIC = 0x7468726d00000000ull + sizeof(struct state);
static const double LONGEST_SECONDS = 4 * 3600; /* caught up with at most; then all is settled */

static const char LASTING_DESCRIPTION[] = "/etc/deeprig-sim-thermal.ini";

double plant_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int open_shared(const struct plant *plant, const char *name, int flags)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", plant->directory, name);
    int file = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0)
        (void)!fchmod(file, 0666); /* fails for who does not own it, and then it is done */
    return file;
}

int plant_open(struct plant *plant, const char *directory)
{
    memset(plant, 0, sizeof *plant);
    plant->lock = -1;
    if ((size_t)snprintf(plant->directory, sizeof plant->directory, "%s", directory) >=
        sizeof plant->directory)
        return -1;
    if (access(LASTING_DESCRIPTION, R_OK) == 0)
        (void)!mkdir(directory, 0755); /* after a boot there is none yet; else it is there */
    plant->lock = open_shared(plant, "lock", O_RDWR);
    int file = open_shared(plant, "state", O_RDWR);
    if (plant->lock < 0 || file < 0 || flock(plant->lock, LOCK_EX) != 0) {
        fprintf(stderr, "simulated NVML: %s: %s\n", directory, strerror(errno));
        if (file >= 0)
            close(file);
        plant_close(plant);
        return -1;
    }
    void *mapped = MAP_FAILED;
    if (ftruncate(file, sizeof(struct state)) == 0)
        mapped = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    flock(plant->lock, LOCK_UN);
    plant->state = mapped == MAP_FAILED ? NULL : mapped;
    return plant->state != NULL ? 0 : -1;
}

void plant_close(struct plant *plant)
{
    if (plant->state != NULL)
        munmap(plant->state, sizeof(struct state));
    if (plant->lock >= 0)
        close(plant->lock);
    plant->state = NULL;
    plant->lock = -1;
}

/* gpus.ini of the state directory; else the one in /etc, which outlives a reboot as /run does not. */
static int find_description(const struct plant *plant, char *path, unsigned size,
                            struct stat *status)
{
    snprintf(path, size, "%s/gpus.ini", plant->directory);
    if (stat(path, status) == 0)
        return 0;
    snprintf(path, size, "%s", LASTING_DESCRIPTION);
    return stat(path, status);
}

/* Begin anew when the description is another than that of the state. */
static int describe(struct plant *plant)
{
    char path[256];
    struct stat status;
    struct state *state = plant->state;
    if (find_description(plant, path, sizeof path, &status) != 0) {
        fprintf(stderr, "simulated NVML: there is no %s/gpus.ini\n", plant->directory);
        return -1;
    }
    uint64_t at = (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
    if (state->magic == MAGIC && state->described_at == at &&
        state->description_file == status.st_ino)
        return 0;
    if (plant_describe(path, state) != 0)
        return -1;
    plant_settle(state);
    state->clock_seen = plant_clock();
    state->described_at = at;
    state->description_file = status.st_ino;
    state->magic = MAGIC;
    return 0;
}

/* Loads, stuck fans and the room as the files say now. */
static void take_orders(struct plant *plant)
{
    struct state *state = plant->state;
    state->machine.room_c =
        plant_set_value(plant, ALL_GPUS, "room_c", state->machine.room_c);
    for (int i = 0; i < state->gpu_count; i++) {
        struct gpu *gpu = &state->gpu[i];
        gpu->load = plant_set_value(plant, i, "load", 0) / 100;
        gpu->is_power_braked = plant_set_value(plant, i, "power_brake", 0) != 0;
        int is_stuck = plant_has_fault(plant, i, "stuck-fan") ||
                       plant_has_fault(plant, i, "stuck-fan-unseen");
        double which = plant_fault_value(plant, i, "stuck-fan", -1);
        for (int fan = 0; fan < MAX_FANS; fan++)
            gpu->fan[fan].is_stuck = is_stuck && (which < 0 || which == fan);
        if (plant_has_fault(plant, ALL_GPUS, "driver-unloaded"))
            gpu->fan[0].is_manual = gpu->fan[1].is_manual = gpu->fan[2].is_manual =
                gpu->fan[3].is_manual = 0; /* chosen: without a driver the firmware has the fans */
    }
}

void plant_advance(struct plant *plant, double seconds)
{
    take_orders(plant);
    plant_step(plant->state, seconds);
}

/* Let the time pass that the clock says; the rest below a step stays for the next look. */
static void catch_up(struct plant *plant)
{
    struct state *state = plant->state;
    double now = plant_clock(), factor = state->machine.factor;
    double passed = (now - state->clock_seen) * factor;
    if (state->machine.is_virtual != 0 || (passed >= 0 && passed < 0.05))
        return;
    state->clock_seen = now;
    if (passed > 0) /* below 0: another boot's clock */
        plant_advance(plant, passed < LONGEST_SECONDS ? passed : LONGEST_SECONDS);
}

int plant_hold(struct plant *plant)
{
    while (flock(plant->lock, LOCK_EX) != 0)
        if (errno != EINTR)
            return -1;
    if (describe(plant) != 0) {
        flock(plant->lock, LOCK_UN);
        return -1;
    }
    catch_up(plant);
    return 0;
}

void plant_let_go(struct plant *plant)
{
    flock(plant->lock, LOCK_UN);
}

/* One line of calls.log: seconds of the plant, pid, call, card, arguments, NVML's answer. */
void plant_log(struct plant *plant, const char *call, int gpu, const char *arguments, int code)
{
    char line[256];
    int log = open_shared(plant, "calls.log", O_WRONLY | O_APPEND);
    if (log < 0)
        return; /* a reader that may not write here set nothing either */
    int length = snprintf(line, sizeof line, "%.3f\t%d\t%s\t%d\t%s\t%d\n", plant->state->seconds,
                          (int)getpid(), call, gpu, arguments, code);
    if (write(log, line, (size_t)length) != length)
        fprintf(stderr, "simulated NVML: calls.log: %s\n", strerror(errno));
    close(log);
}
