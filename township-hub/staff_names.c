#include "base/text.h"
#include "desk/device.h"
#include "rules/textfile.h"
#include "township-hub/staff.h"

#include <string.h>

enum { NAMES_SIZE = 1024 * 1024, HEX_SIZE = LIMIT_ID_SIZE * 2 };

static enum err read_names(const char *directory, char path[FILES_PATH_SIZE], struct buf *ret)
{
    enum err err = device_path(directory, "staff.names", path);
    if (err == ERR_NONE) {
        err = files_read(path, ret);
    }
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* The next line "<hex> <name>"; lines that are not so are passed over. */
static bool next_name(struct text_lines *lines, uint8_t *ret_staff, struct span *ret_name)
{
    struct span line;
    while (text_lines_next(lines, &line, NULL)) {
        struct span hex = text_take_word(&line);
        if (text_get_hex(hex, ret_staff, LIMIT_ID_SIZE) == ERR_NONE && line.size > 0) {
            *ret_name = line;
            return true;
        }
    }
    return false;
}

enum err staff_name_add(const char *directory, const uint8_t staff[LIMIT_ID_SIZE], const char *name)
{
    char path[FILES_PATH_SIZE];
    struct buf text;
    if (strlen(name) >= STAFF_NAME_SIZE || strpbrk(name, "\r\n#") != NULL) {
        return ERR_MALFORMED;
    }
    buf_init(&text, NAMES_SIZE);
    enum err err = read_names(directory, path, &text);
    text_put_hex(&text, span_of(staff, LIMIT_ID_SIZE));
    buf_put_format(&text, " %s\n", name);
    err = err != ERR_NONE ? err : text.err;
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(&text), 0600);
    }
    buf_done(&text);
    return err;
}

void staff_name_find(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                     char ret_name[STAFF_NAME_SIZE])
{
    char path[FILES_PATH_SIZE];
    uint8_t id[LIMIT_ID_SIZE];
    struct buf text;
    struct span name;
    struct text_lines lines;
    ret_name[0] = 0;
    buf_init(&text, NAMES_SIZE);
    if (read_names(directory, path, &text) == ERR_NONE) {
        text_lines_init(&lines, buf_span(&text), 0);
        while (next_name(&lines, id, &name)) {
            if (memcmp(id, staff, sizeof id) == 0 && name.size < STAFF_NAME_SIZE) {
                memcpy(ret_name, name.data, name.size);
                ret_name[name.size] = 0;
            }
        }
    }
    buf_done(&text);
}

enum err staff_find(const char *directory, const char *text, uint8_t ret_staff[LIMIT_ID_SIZE])
{
    char path[FILES_PATH_SIZE];
    uint8_t id[LIMIT_ID_SIZE];
    struct buf names;
    struct span name;
    struct text_lines lines;
    unsigned found = 0;
    if (strlen(text) == HEX_SIZE &&
        text_get_hex(span_text(text), ret_staff, LIMIT_ID_SIZE) == ERR_NONE) {
        return ERR_NONE;
    }
    buf_init(&names, NAMES_SIZE);
    enum err err = read_names(directory, path, &names);
    text_lines_init(&lines, buf_span(&names), 0);
    while (err == ERR_NONE && next_name(&lines, id, &name)) {
        if (text_is(name, text)) {
            memcpy(ret_staff, id, sizeof id);
            found++;
        }
    }
    buf_done(&names);
    return err != ERR_NONE ? err : found == 0 ? ERR_NOT_FOUND : found > 1 ? ERR_CONFLICT : ERR_NONE;
}

/* --- Roles --- */

static const struct {
    const char *name;
    const char *zh;
} roles[] = {
    {"applicant", "申请人"},
    {"first_contact", "首问责任人"},
    {"worker", "窗口人员"},
    {"ab_post", "AB岗"},
    {"agent", "代办员"},
    {"guide", "导办员"},
    {"duty", "值班人员"},
    {"duty_leader", "带班领导"},
    {"window_head", "窗口负责人"},
    {"station_head", "站长"},
    {"line_leader", "分管领导"},
    {"committee", "村（居）委会"},
    {"group_leader", "小组长"},
    {"integrity", "廉政监督员"},
    {"discipline", "纪检"},
    {"upper_discipline", "上级纪检"},
    {"complaint_desk", "投诉受理"},
    {"hub_operator", "中心工作人员"},
    {"hub_leader", "中心负责人"},
    {"district", "区级部门"},
    {"government", "镇政府"},
    {"auditor", "审计"},
    {"appraiser", "考评"},
    {"custodian", "档案保管"},
    {"technician", "技术维护"},
    {"volunteer", "志愿者"},
    {"registrar", "登记员"},
};

uint64_t staff_role(struct span name)
{
    for (size_t i = 1; i < sizeof roles / sizeof *roles; i++) { /* applicants have no key */
        if (text_is(name, roles[i].name) || text_is(name, roles[i].zh)) {
            return (uint64_t)1 << i;
        }
    }
    return 0;
}

const char *staff_role_name(uint64_t bit, bool zh)
{
    return bit >= sizeof roles / sizeof *roles ? NULL : zh ? roles[bit].zh : roles[bit].name;
}

bool staff_roles_read(uint64_t granted)
{
    const uint64_t outside = ROLE_DISTRICT | ROLE_GOVERNMENT | ROLE_AUDITOR | ROLE_APPRAISER |
                             ROLE_TECHNICIAN | ROLE_VOLUNTEER;
    return (granted & ~outside) != 0;
}

bool staff_roles_investigate(uint64_t granted)
{
    return (granted & (ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK)) != 0;
}
