#include "desk/office.h"

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
