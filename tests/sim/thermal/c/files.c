/* What a test says by files: faults/<gpu or all>/<name> and set/<gpu or all>/<key>. */
#define _GNU_SOURCE
#include "plant.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int plant_path(const struct plant *plant, int gpu, const char *kind, const char *name, char *path,
               unsigned size)
{
    char card[8] = "all";
    if (gpu != ALL_GPUS)
        snprintf(card, sizeof card, "%d", gpu);
    int length = snprintf(path, size, "%s/%s/%s%s%s", plant->directory, kind, card,
                          *name != '\0' ? "/" : "", name);
    return length > 0 && (unsigned)length < size ? 0 : -1;
}

static double value_in(const char *path, double otherwise)
{
    char text[64] = "", *end;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return otherwise;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    double value = strtod(text, &end);
    return end == text ? otherwise : value;
}

double plant_set_value(struct plant *plant, int gpu, const char *key, double otherwise)
{
    char path[320];
    plant_path(plant, gpu, "set", key, path, sizeof path);
    return value_in(path, otherwise);
}

static void read_names(struct faults *faults, const char *path)
{
    faults->count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.' && faults->count < MAX_FAULTS)
            snprintf(faults->name[faults->count++], FAULT_NAME, "%.79s", entry->d_name);
    closedir(directory);
}

/* Names are read again when the directory changed, or so lately that its time cannot tell. */
static const struct faults *faults_of(struct plant *plant, int gpu)
{
    char path[320];
    struct stat status;
    struct timespec now;
    struct faults *faults = &plant->faults[gpu + 1];
    plant_path(plant, gpu, "faults", "", path, sizeof path);
    if (stat(path, &status) != 0) {
        faults->count = faults->is_known = 0;
        return faults;
    }
    uint64_t changed =
        (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t present = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    int is_settled = present > changed && present - changed > 50000000u;
    if (!faults->is_known || faults->changed_at != changed || !is_settled)
        read_names(faults, path);
    faults->changed_at = changed;
    faults->is_known = is_settled;
    return faults;
}

static int is_among(const struct faults *faults, const char *name)
{
    for (int i = 0; i < faults->count; i++)
        if (strcmp(faults->name[i], name) == 0)
            return 1;
    return 0;
}

int plant_has_fault(struct plant *plant, int gpu, const char *name)
{
    return (gpu != ALL_GPUS && is_among(faults_of(plant, gpu), name)) ||
           is_among(faults_of(plant, ALL_GPUS), name);
}

double plant_fault_value(struct plant *plant, int gpu, const char *name, double otherwise)
{
    char path[400];
    if (!plant_has_fault(plant, gpu, name))
        return otherwise;
    plant_path(plant, ALL_GPUS, "faults", name, path, sizeof path);
    double value = value_in(path, otherwise);
    if (gpu != ALL_GPUS) {
        plant_path(plant, gpu, "faults", name, path, sizeof path);
        value = value_in(path, value);
    }
    return value;
}
