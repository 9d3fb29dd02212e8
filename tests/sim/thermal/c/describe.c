/* gpus.ini: a section [plant] of the machine's numbers, then one [gpu] per card, in NVML's order. */
#define _DEFAULT_SOURCE
#include "plant.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct number {
    const char *key;
    size_t offset;
    double otherwise;
};
#define CARD(name, otherwise) {#name, offsetof(struct card, name), otherwise},
static const struct number card_numbers[] = {CARD_NUMBERS(CARD){NULL, 0, 0}};
#define MACHINE(name, otherwise) {#name, offsetof(struct machine, name), otherwise},
static const struct number machine_numbers[] = {MACHINE_NUMBERS(MACHINE){NULL, 0, 0}};

static void set_defaults(const struct number *numbers, void *target)
{
    for (; numbers->key != NULL; numbers++)
        *(double *)((char *)target + numbers->offset) = numbers->otherwise;
}

static int set_number(const struct number *numbers, void *target, const char *key, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0')
        return -1;
    for (; numbers->key != NULL; numbers++)
        if (strcmp(numbers->key, key) == 0) {
            *(double *)((char *)target + numbers->offset) = value;
            return 0;
        }
    return -1;
}

static struct gpu *begin_gpu(struct state *state)
{
    if (state->gpu_count == MAX_GPUS)
        return NULL;
    int index = state->gpu_count++;
    struct card *card = &state->gpu[index].card;
    set_defaults(card_numbers, card);
    snprintf(card->name, sizeof card->name, "Simulated GPU");
    snprintf(card->uuid, sizeof card->uuid, "GPU-51a0dee9-0000-4000-8000-%012x", index);
    snprintf(card->address, sizeof card->address, "0000:%02x:00.0", index + 1);
    return &state->gpu[index];
}

static int set_text(char *to, size_t room, const char *text)
{
    return (size_t)snprintf(to, room, "%s", text) < room ? 0 : -1;
}

static int set_of_card(struct card *card, const char *key, const char *text)
{
    if (strcmp(key, "name") == 0) /* whatever it is called, it says that it is simulated */
        return strncmp(text, "Simulated", 9) == 0 ? set_text(card->name, sizeof card->name, text)
                                                  : -1;
    if (strcmp(key, "uuid") == 0)
        return set_text(card->uuid, sizeof card->uuid, text);
    if (strcmp(key, "address") == 0)
        return set_text(card->address, sizeof card->address, text);
    return set_number(card_numbers, card, key, text);
}

static int set_of_machine(struct machine *machine, const char *key, const char *text)
{
    if (strcmp(key, "driver") == 0)
        return set_text(machine->driver, sizeof machine->driver, text);
    return set_number(machine_numbers, machine, key, text);
}

static char *stripped(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    for (size_t length = strlen(text); length > 0 && isspace((unsigned char)text[length - 1]);)
        text[--length] = '\0';
    return text;
}

static int take_line(struct state *state, struct gpu **gpu, char *line)
{
    line = stripped(line);
    if (*line == '\0' || *line == '#')
        return 0;
    if (strcmp(line, "[plant]") == 0)
        return *gpu == NULL ? 0 : -1;
    if (strcmp(line, "[gpu]") == 0)
        return (*gpu = begin_gpu(state)) != NULL ? 0 : -1;
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return -1;
    *equals = '\0';
    const char *key = stripped(line), *text = stripped(equals + 1);
    return *gpu != NULL ? set_of_card(&(*gpu)->card, key, text)
                        : set_of_machine(&state->machine, key, text);
}

int plant_describe(const char *path, struct state *state)
{
    char line[256];
    struct gpu *gpu = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "simulated NVML: cannot read %s\n", path);
        return -1;
    }
    memset(state, 0, sizeof *state);
    set_defaults(machine_numbers, &state->machine);
    snprintf(state->machine.driver, sizeof state->machine.driver, "580.95.05");
    int number = 0, bad = 0;
    while (bad == 0 && fgets(line, sizeof line, file) != NULL) {
        number++;
        bad = take_line(state, &gpu, line);
    }
    fclose(file);
    if (bad != 0)
        fprintf(stderr, "simulated NVML: %s:%d is not understood\n", path, number);
    return bad;
}
