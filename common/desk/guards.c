#include "desk/guards.h"

#include "rules/civil.h"

#include <string.h>

enum {
    ID_SIZE = 18,
    ID_BIRTH = 6, /* where the birthday stands */
    ID_MODULUS = 11,
    YEAR_MIN = 1900,
    AHEAD_MS = 10 * 60 * 1000, /* two clocks may differ so much */
    YEARS_AHEAD_DAYS = 3660
};

static int32_t digits(const char *text, size_t size)
{
    int32_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

enum guards_id guards_id_check(const char *number, int32_t today)
{
    static const uint8_t weights[ID_SIZE - 1] = {7, 9, 10, 5,  8, 4, 2, 1, 6,
                                                 3, 7, 9,  10, 5, 8, 4, 2};
    static const char checks[ID_MODULUS + 1] = "10X98765432";
    unsigned sum = 0;
    if (strlen(number) != ID_SIZE || strspn(number, "0123456789") < ID_SIZE - 1 ||
        strchr("0123456789Xx", number[ID_SIZE - 1]) == NULL) {
        return GUARDS_ID_FORM;
    }
    const char *birth = number + ID_BIRTH;
    const struct civil_date date = {digits(birth, 4), digits(birth + 4, 2), digits(birth + 6, 2)};
    if (!civil_date_is_valid(date) || date.year < YEAR_MIN || civil_day_of_date(date) > today) {
        return GUARDS_ID_DAY;
    }
    for (size_t i = 0; i < ID_SIZE - 1; i++) {
        sum += (unsigned)(number[i] - '0') * weights[i];
    }
    const char *last = strchr(checks, number[ID_SIZE - 1] == 'x' ? 'X' : number[ID_SIZE - 1]);
    return last == checks + sum % ID_MODULUS ? GUARDS_ID_GOOD : GUARDS_ID_CHECK;
}

static bool id_holds(const char *number, const char *field, int32_t today,
                     struct guards_problem *ret)
{
    ret->field = field;
    switch (number[0] == 0 ? GUARDS_ID_GOOD : guards_id_check(number, today)) {
    case GUARDS_ID_GOOD:
        return true;
    case GUARDS_ID_FORM:
        ret->code = "id_number_form";
        ret->zh = "身份证号码应为18位：17位数字加1位数字或X。请对照证件重新输入。";
        ret->en = "An ID number is 17 digits and a digit or X. Compare it with the card.";
        return false;
    case GUARDS_ID_DAY:
        ret->code = "id_number_birthday";
        ret->zh = "身份证号码中的出生日期不存在或不可能。请对照证件重新输入。";
        ret->en = "The birthday in the ID number is impossible. Compare it with the card.";
        return false;
    case GUARDS_ID_CHECK:
        ret->code = "id_number_check";
        ret->zh = "身份证号码校验位不符（GB 11643）。请对照证件重新输入。";
        ret->en = "The check digit of the ID number is wrong (GB 11643). Compare it with the card.";
        return false;
    }
    return false;
}

static bool identity_holds(const struct wire_act *act, int32_t today, struct guards_problem *ret)
{
    struct wire_identity identity;
    if (act->identity.size == 0) {
        return true;
    }
    bool holds = wire_identity_read(buf_span(&act->identity), &identity) == ERR_NONE;
    if (!holds) {
        *ret =
            (struct guards_problem){"identity_unreadable", "identity",
                                    "身份信息读不出来，没有写入。", "The identity is unreadable."};
    }
    holds = holds && id_holds(identity.id_number, "identity.idNumber", today, ret) &&
            id_holds(identity.relative_id_number, "identity.relativeIdNumber", today, ret);
    explicit_bzero(&identity, sizeof identity);
    return holds;
}

static bool dates_hold(const struct wire_act *act, uint64_t now_ms, struct guards_problem *ret)
{
    uint64_t received = values_number(&act->facts, FIELD_received_ms, 0);
    uint64_t agreed = values_number(&act->facts, FIELD_agreed_day, 0);
    uint64_t today = (uint64_t)civil_day_of_ms(now_ms);
    if (received > now_ms + AHEAD_MS) {
        *ret = (struct guards_problem){"received_in_future", "receivedMs",
                                       "收件时间晚于现在。请核对日期后再提交。",
                                       "The time of receipt lies in the future."};
        return false;
    }
    if (act->back_entry && act->paper_ms > now_ms + AHEAD_MS) {
        *ret = (struct guards_problem){"paper_in_future", "backEntry.time",
                                       "补录的纸质登记时间晚于现在。请核对日期后再提交。",
                                       "The time on the paper lies in the future."};
        return false;
    }
    /* A paper may have agreed on a day that is over by the time it is entered. */
    if (agreed != 0 &&
        ((!act->back_entry && agreed < today) || agreed > today + YEARS_AHEAD_DAYS)) {
        *ret = (struct guards_problem){"agreed_day_implausible", "agreedDay",
                                       "商定的日期已经过去或过远。请核对后再提交。",
                                       "The day agreed on is over or too far away."};
        return false;
    }
    return true;
}

bool guards_act_hold(const struct wire_act *act, uint64_t now_ms,
                     struct guards_problem *ret_problem)
{
    return identity_holds(act, civil_day_of_ms(now_ms), ret_problem) &&
           dates_hold(act, now_ms, ret_problem);
}
