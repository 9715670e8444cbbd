#include "desk/office.h"

#include "rules/civil.h"

#include <stdio.h>
#include <string.h>

static const struct conf_key settings[] = {
    {"slip", "station", CONF_TEXT, NULL, 0, 0},    {"slip", "phone", CONF_TEXT, NULL, 0, 0},
    {"slip", "complaints", CONF_TEXT, NULL, 0, 0}, {"slip", "address", CONF_TEXT, NULL, 0, 0},
    {"slip", "hours", CONF_TEXT, NULL, 0, 0},
};

void desk_office_read(const char *path, struct desk_office *ret)
{
    struct conf_problem problem;
    struct conf *conf = conf_new(settings, sizeof settings / sizeof *settings);
    memset(ret, 0, sizeof *ret);
    if (conf != NULL && path != NULL && conf_read(conf, path, &problem) == ERR_NONE) {
        (void)snprintf(ret->station, sizeof ret->station, "%s",
                       conf_get_text(conf, "slip", "station"));
        (void)snprintf(ret->phone, sizeof ret->phone, "%s", conf_get_text(conf, "slip", "phone"));
        (void)snprintf(ret->complaints, sizeof ret->complaints, "%s",
                       conf_get_text(conf, "slip", "complaints"));
        (void)snprintf(ret->address, sizeof ret->address, "%s",
                       conf_get_text(conf, "slip", "address"));
        (void)snprintf(ret->hours, sizeof ret->hours, "%s", conf_get_text(conf, "slip", "hours"));
    }
    conf_free(conf);
}

static const char *code_of(const struct fold *fold, const uint8_t *device)
{
    const struct directory_station *station =
        directory_station(world_directory(fold->world), device);
    return station == NULL ? "" : station->code;
}

/* Where it was taken in, and when. */
static const char *name_then(const struct fold *fold, const struct stations *names,
                             const struct record *record)
{
    struct span former = values_bytes(&record->facts, FIELD_former_station, 0);
    const uint8_t *device = former.size == LIMIT_KEY_SIZE ? former.data : record->station;
    return stations_name(names, code_of(fold, device),
                         civil_day_of_ms(values_number(&record->facts, FIELD_opened_ms, 0)));
}

void desk_office_call(const struct fold *fold, const uint8_t device[LIMIT_KEY_SIZE],
                      const struct record *record, uint64_t now_ms, struct desk_office *office)
{
    struct rule_world world = {0};
    if (!world_view(fold->world, world_common_seq(fold->world), 0, 0, &world)) {
        return;
    }
    const char *now = stations_name(world.stations, code_of(fold, device), civil_day_of_ms(now_ms));
    const char *then = record == NULL ? "" : name_then(fold, world.stations, record);
    bool renamed = then[0] != 0 && strcmp(then, now) != 0;
    if (now[0] != 0) {
        (void)snprintf(office->station, sizeof office->station, renamed ? "%s（原%s）" : "%s%s",
                       now, renamed ? then : "");
    }
}
