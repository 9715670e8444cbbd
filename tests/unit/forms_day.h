#ifndef JIELI_TESTS_FORMS_DAY_H
#define JIELI_TESTS_FORMS_DAY_H

/* What happens on one day at a hub, so that every form about a record has something to say.
 * 2026-09-18, a Friday, is day 20714. "@name" is a record, "%name" a person. */

#include "rules/rule.h"

enum { DAY_PEOPLE = 5 };

struct day_person {
    const char *name;
    const char *zh;
    uint64_t roles;
};

static const struct day_person day_people[DAY_PEOPLE] = {
    {"head", "陈主任",
     ROLE_STATION_HEAD | ROLE_HUB_LEADER | ROLE_LINE_LEADER | ROLE_APPRAISER | ROLE_COMMITTEE |
         ROLE_TECHNICIAN},
    {"worker", "王窗口", ROLE_HUB_OPERATOR | ROLE_WORKER},
    {"agent", "赵代办", ROLE_AGENT | ROLE_AB_POST | ROLE_GUIDE},
    {"discipline", "孙纪检", ROLE_DISCIPLINE | ROLE_COMPLAINT_DESK | ROLE_CUSTODIAN},
    {"second", "周监督", ROLE_UPPER_DISCIPLINE | ROLE_INTEGRITY | ROLE_DISTRICT},
};

struct day_step {
    const char *who;
    const char *record; /* name given to a new one */
    const char *what;
    const char *state;
    uint64_t later_s;
};

#define IDENTITY                                                                                   \
    ",\"identity\":{\"name\":\"张群众\",\"idNumber\":\"11010519491231002X\","                   \
    "\"phone\":\"13800138000\",\"unit\":\"沿湖村三组\",\"address\":\"沿湖村三组12号\"}"
#define PAPER ",\"attestation\":{\"kind\":\"paper\"}"
#define TEXT(words) ",\"matter\":{\"text\":\"" words "\"}"
#define GIVEN                                                                                      \
    ",\"materials\":[{\"code\":\"ID\",\"form\":2,\"pages\":1,\"status\":4},"                       \
    "{\"code\":\"FORM\",\"form\":1,\"pages\":3,\"status\":1}]"

static const struct day_step day_steps[] = {
    /* training first: nobody accepts untrained */
    {"head", "training",
     "{\"training\":{\"verb\":\"planned\",\"kind\":1,\"fromDay\":20714,\"untilDay\":20714,"
     "\"hours\":8}" TEXT("受理与一次性告知，授课人：李老师") "}",
     "planned", 0},
    {"head", "",
     "{\"training\":{\"verb\":\"held\",\"people\":[\"%worker\",\"%agent\"]},\"record\":\"@"
     "training\"" TEXT("全员到课，案例演练两轮") "}",
     "held", 0},
    {"head", "",
     "{\"training\":{\"verb\":\"evaluated\",\"staff\":\"%worker\",\"decision\":1},"
     "\"record\":\"@training\"}",
     "evaluated", 0},
    {"head", "",
     "{\"training\":{\"verb\":\"evaluated\",\"staff\":\"%agent\",\"decision\":1},"
     "\"record\":\"@training\"}",
     "evaluated", 0},
    /* a case that is notified, accepted, extended, refused */
    {"worker", "contact1", "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"}}",
     "open", 0},
    {"worker", "case1",
     "{\"case\":{\"verb\":\"opened\",\"contact\":\"@contact1\",\"item\":\"I51\"}" IDENTITY "}",
     "examining", 0},
    {"worker", "",
     "{\"case\":{\"verb\":\"deficiency_notified\",\"mode\":1,\"materials\":["
     "{\"code\":\"ID\",\"form\":2,\"pages\":1,\"status\":4},"
     "{\"code\":\"FORM\",\"status\":2,\"reason\":\"missing\"}]},"
     "\"record\":\"@case1\",\"matter\":{\"told\":"
     "\"申请表可在咨询台领取，填好后任一工作日交来\"}" PAPER "}",
     "need_materials", 0},
    {"worker", "", "{\"case\":{\"verb\":\"supplemented\"" GIVEN "},\"record\":\"@case1\"" PAPER "}",
     "examining", 0},
    {"worker", "",
     "{\"case\":{\"verb\":\"accepted\",\"training\":\"@training\"" GIVEN "},\"record\":\"@case1\"}",
     "accepted", 0},
    {"worker", "request1",
     "{\"request\":{\"verb\":\"made\",\"kind\":2,\"caseRecord\":\"@case1\",\"reason\":\"survey\","
     "\"extensionDays\":3}}",
     "made", 0},
    {"head", "", "{\"request\":{\"verb\":\"approved\"},\"record\":\"@request1\"}", "approved", 0},
    {"worker", "",
     "{\"case\":{\"verb\":\"extended\",\"approval\":\"@request1\",\"extensionDays\":3,"
     "\"mode\":1,\"reason\":\"survey\"},\"record\":\"@case1\"" TEXT("现场勘查须等汛期过后") "}",
     "accepted", 0},
    {"worker", "",
     "{\"case\":{\"verb\":\"refused\",\"reason\":\"no_policy\",\"remedies\":3},"
     "\"record\":\"@case1\"" TEXT("参保年限不足，见告知依据第三条") "}",
     "refused", 0},
    /* not accepted */
    {"worker", "contact2", "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"}}",
     "open", 0},
    {"worker", "case2",
     "{\"case\":{\"verb\":\"opened\",\"contact\":\"@contact2\",\"item\":\"I51\"}" IDENTITY "}",
     "examining", 0},
    {"worker", "",
     "{\"case\":{\"verb\":\"not_accepted\",\"reason\":\"not_ours\",\"destination\":\"CIVIL\"},"
     "\"record\":\"@case2\",\"matter\":{\"text\":\"属救助申请\",\"told\":\"县民政局一楼3号窗，"
     "0898-87654321\"}}",
     "not_accepted", 0},
    /* by proxy, to the rating */
    {"agent", "contact3", "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"}}",
     "open", 0},
    {"agent", "case3",
     "{\"case\":{\"verb\":\"entrusted\",\"contact\":\"@contact3\",\"item\":\"I51\","
     "\"consent\":true" GIVEN "}" IDENTITY PAPER "}",
     "entrusted", 0},
    {"agent", "",
     "{\"case\":{\"verb\":\"proxy_accepted\",\"mode\":1,\"training\":\"@training\"" GIVEN
     "},\"record\":\"@case3\"}",
     "accepted", 0},
    {"head", "",
     "{\"case\":{\"verb\":\"proxy_assigned\",\"handler\":\"%agent\"},\"record\":\"@case3\"}",
     "processing", 0},
    {"worker", "", "{\"case\":{\"verb\":\"finished\"},\"record\":\"@case3\"}", "finished", 0},
    {"agent", "", "{\"case\":{\"verb\":\"told\",\"mode\":3},\"record\":\"@case3\"}", "finished", 0},
    {"agent", "", "{\"case\":{\"verb\":\"proxy_returned\"},\"record\":\"@case3\"" PAPER "}",
     "handed", 0},
    {"worker", "", "{\"case\":{\"verb\":\"confirmed\"},\"record\":\"@case3\"" PAPER "}",
     "confirmed", 0},
    {"worker", "",
     "{\"case\":{\"verb\":\"rated\",\"rating\":1},\"record\":\"@case3\"" PAPER TEXT(
         "代办员跑了两趟，非常感谢") "}",
     "rated", 0},
    /* one whose notice is printed again and replaced */
    {"worker", "contact4", "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"}}",
     "open", 0},
    {"worker", "case4",
     "{\"case\":{\"verb\":\"opened\",\"contact\":\"@contact4\",\"item\":\"I51\"}" IDENTITY "}",
     "examining", 0},
    {"worker", "",
     "{\"case\":{\"verb\":\"accepted\",\"training\":\"@training\"" GIVEN "},\"record\":\"@case4\"}",
     "accepted", 0},
    /* people and duty */
    {"head", "duty",
     "{\"duty\":{\"verb\":\"planned\",\"kind\":1,\"fromDay\":20714,\"people\":[\"%worker\","
     "\"%agent\"],\"leader\":\"%head\"}}",
     "planned", 0},
    {"worker", "", "{\"duty\":{\"verb\":\"started\"},\"record\":\"@duty\"}", "running", 0},
    {"worker", "",
     "{\"duty\":{\"verb\":\"logged\",\"channel\":2},\"record\":\"@duty\"" TEXT(
         "镇办公室来电：明日上午检查台账") "}",
     "running", 0},
    {"worker", "",
     "{\"duty\":{\"verb\":\"logged\",\"channel\":7},\"record\":\"@duty\"" TEXT(
         "收防汛通知传真一份，已转陈主任") "}",
     "running", 0},
    {"worker", "leave",
     "{\"leave\":{\"verb\":\"requested\",\"halfDays\":1,\"fromDay\":20717,\"untilDay\":20717,"
     "\"reason\":\"ill\",\"cover\":\"%agent\"}}",
     "requested", 0},
    {"head", "", "{\"leave\":{\"verb\":\"granted\"},\"record\":\"@leave\"}", "granted", 0},
    {"worker", "attendance", "{\"attendance\":{\"verb\":\"signed_in\"}}", "present", 0},
    {"worker", "",
     "{\"attendance\":{\"verb\":\"went_out\",\"reason\":\"errand\",\"untilMs\":\"1789690800000\"},"
     "\"record\":\"@attendance\"}",
     "out", 0},
    {"worker", "delegation",
     "{\"delegation\":{\"verb\":\"drafted\",\"principal\":\"%worker\",\"delegate\":\"%agent\","
     "\"fromDay\":20714,\"untilDay\":20715,\"reason\":\"leave\",\"post\":\"W1\"},"
     "\"matter\":{\"handover\":\"窗口钥匙在左手抽屉，印泥已补\"}}",
     "drafted", 0},
    /* reports, inspection, appraisal */
    {"worker", "report",
     "{\"report\":{\"verb\":\"drawn_up\",\"kind\":3,\"fromDay\":20666,\"untilDay\":20696,"
     "\"totalAccepted\":42,\"totalFinished\":40,\"totalOverdue\":1,\"totalExtended\":2,"
     "\"totalRated\":31,\"totalProxy\":9}}",
     "drawn_up", 0},
    {"head", "", "{\"report\":{\"verb\":\"signed\"},\"record\":\"@report\"}", "signed", 0},
    {"head", "inspection",
     "{\"inspection\":{\"verb\":\"done\",\"kind\":2,\"decision\":1,\"post\":\"W1\","
     "\"handler\":\"%worker\",\"people\":[\"%head\"],\"lines\":[{\"heading\":5,\"answer\":1},"
     "{\"heading\":6,\"answer\":1},{\"heading\":7,\"answer\":1},{\"heading\":8,\"answer\":1},"
     "{\"heading\":9,\"answer\":1}]}}",
     "clean", 0},
    {"head", "appraisal",
     "{\"appraisal\":{\"verb\":\"opened\",\"kind\":2,\"occasion\":1,\"staff\":\"%worker\","
     "\"fromDay\":20636,\"untilDay\":20696}}",
     "opened", 0},
    {"head", "",
     "{\"appraisal\":{\"verb\":\"deducted\",\"deduction\":5,\"subject\":\"@case1\","
     "\"reason\":\"lost\"},\"record\":\"@appraisal\"}",
     "opened", 0},
    {"head", "", "{\"appraisal\":{\"verb\":\"closed\"},\"record\":\"@appraisal\"}", "closed", 0},
    /* complaint and accountability */
    {"agent", "complaint",
     "{\"complaint\":{\"verb\":\"received\",\"channel\":1}" IDENTITY TEXT(
         "王窗口让我跑了三趟，态度冷淡；请当面道歉并尽快办理") "}",
     "received", 0},
    {"discipline", "",
     "{\"complaint\":{\"verb\":\"registered\",\"scope\":1,\"accused\":\"%worker\",\"mode\":1},"
     "\"record\":\"@complaint\"}",
     "registered", 0},
    {"discipline", "", "{\"complaint\":{\"verb\":\"taken_up\"},\"record\":\"@complaint\"}",
     "investigating", 0},
    {"discipline", "",
     "{\"complaint\":{\"verb\":\"evidence_taken\",\"evidence\":2},\"record\":\"@complaint\"" TEXT(
         "与窗口谈话：承认当日语气急躁") "}",
     "investigating", 0},
    {"discipline", "",
     "{\"complaint\":{\"verb\":\"evidence_taken\",\"evidence\":4},\"record\":\"@complaint\"" TEXT(
         "系统记录打印件：同一办件到访三次") "}",
     "investigating", 0},
    {"discipline", "",
     "{\"complaint\":{\"verb\":\"decided\",\"decision\":1,\"result\":\"CRITICISM\","
     "\"agreedDay\":20720},\"record\":\"@complaint\"}",
     "decided", 0},
    {"second", "accountability",
     "{\"accountability\":{\"verb\":\"suspected\",\"trigger\":15,\"accused\":\"%worker\","
     "\"subject\":\"@complaint\"}}",
     "suspected", 0},
    {"second", "",
     "{\"accountability\":{\"verb\":\"investigated\",\"evidence\":2},"
     "\"record\":\"@accountability\"" TEXT("经查，办件材料清单未一次告知") "}",
     "investigating", 0},
    {"second", "",
     "{\"accountability\":{\"verb\":\"proposed\",\"decision\":1},\"record\":\"@"
     "accountability\"" TEXT("建议批评教育并退还往返交通费") "}",
     "proposed", 0},
    /* the house */
    {"head", "equipment",
     "{\"equipment\":{\"verb\":\"registered\",\"asset\":\"PC-1\",\"handler\":\"%worker\","
     "\"location\":\"W1\"}" TEXT("品牌：联想M4500\\n设备来源：县政务中心配发") "}",
     "in_use", 0},
    {"head", "", "{\"equipment\":{\"verb\":\"checked\"},\"record\":\"@equipment\"}", "in_use", 0},
    {"worker", "",
     "{\"equipment\":{\"verb\":\"failed\",\"reason\":\"disk\"},\"record\":\"@equipment\"}",
     "faulty", 0},
    {"head", "",
     "{\"equipment\":{\"verb\":\"repaired\",\"result\":\"DISK\"},\"record\":\"@equipment\"" TEXT(
         "更换固态硬盘一块") "}",
     "in_use", 0},
    {"worker", "outage",
     "{\"outage\":{\"verb\":\"begun\",\"kind\":1,\"firstSheet\":101,\"lastSheet\":110}}", "running",
     0},
    {"head", "meeting",
     "{\"meeting\":{\"verb\":\"called\",\"halfDays\":1,\"agreedDay\":20714,\"cover\":\"%agent\"}}",
     "called", 0},
    {"head", "",
     "{\"meeting\":{\"verb\":\"held\",\"people\":[\"%worker\",\"%agent\",\"%discipline\"]},"
     "\"record\":\"@meeting\"" TEXT("上季度：办件42件，逾期1件。\\n下季度：推行上门代办。") "}",
     "held", 0},
    {"head", "custody",
     "{\"custody\":{\"verb\":\"registered\",\"kind\":1,\"asset\":\"SEAL-1\","
     "\"handler\":\"%discipline\"}}",
     "kept", 0},
    {"discipline", "",
     "{\"custody\":{\"verb\":\"used\",\"receiver\":\"%worker\",\"serial\":\"D-2026-7\"},"
     "\"record\":\"@custody\"}",
     "kept", 0},
    {"head", "supplies",
     "{\"supplies\":{\"verb\":\"registered\",\"asset\":\"A4_PAPER\",\"handler\":\"%discipline\"}}",
     "kept", 0},
    {"head", "",
     "{\"supplies\":{\"verb\":\"bought\",\"quantity\":10,\"receipt\":\"B-7\"},"
     "\"record\":\"@supplies\"}",
     "kept", 0},
    {"worker", "",
     "{\"supplies\":{\"verb\":\"requested\",\"quantity\":4,\"reason\":\"work\"},"
     "\"record\":\"@supplies\"}",
     "requested", 0},
    {"head", "", "{\"supplies\":{\"verb\":\"approved\",\"quantity\":3},\"record\":\"@supplies\"}",
     "approved", 0},
    {"head", "", "{\"supplies\":{\"verb\":\"issued\"},\"record\":\"@supplies\"}", "issued", 0},
    {"worker", "", "{\"supplies\":{\"verb\":\"received\"},\"record\":\"@supplies\"}", "kept", 0},
    {"agent", "incident",
     "{\"incident\":{\"verb\":\"reported\",\"kind\":7,\"informed\":25,\"location\":\"HALL\"}" TEXT(
         "茶水间插座冒烟，已断电") "}",
     "reported", 0},
    {"agent", "",
     "{\"incident\":{\"verb\":\"handled\",\"result\":\"PUT_OUT\"},\"record\":\"@incident\"}",
     "handled", 0},
    {"agent", "lost",
     "{\"lost\":{\"verb\":\"found\",\"location\":\"HALL\",\"handler\":\"%worker\"}" TEXT(
         "黑色皮夹，内有公交卡一张") "}",
     "kept", 0},
    {"worker", "",
     "{\"lost\":{\"verb\":\"claimed\",\"decision\":1},\"record\":\"@lost\"" IDENTITY PAPER "}",
     "returned", 0},
    {"head", "survey",
     "{\"survey\":{\"verb\":\"opened\",\"fromDay\":20714,\"untilDay\":20720,\"serial\":\"Q-1\"}}",
     "opened", 0},
    {"worker", "appointment",
     "{\"appointment\":{\"verb\":\"requested\",\"channel\":2,\"item\":\"I51\","
     "\"agreedMs\":\"1789952400000\"}" IDENTITY "}",
     "requested", 0},
    {"head", "",
     "{\"appointment\":{\"verb\":\"assigned\",\"handler\":\"%worker\"},"
     "\"record\":\"@appointment\"}",
     "assigned", 0},
};
static const size_t day_step_count = sizeof day_steps / sizeof *day_steps;

/* The notice of a case is corrected. */
static const struct day_step day_reissue = {
    "worker", "", "{\"case\":{\"verb\":\"notice_reissued\"},\"record\":\"@case4\"}", "accepted", 0};

/* Of which record each form is printed. */
static const struct {
    const char *form;
    const char *record;
} day_forms[] = {
    {"F01", "case1"},          {"F02", "case1"},      {"F02b", "case2"},     {"F03", "case1"},
    {"F05", "case1"},          {"F07", "case3"},      {"F09", "case3"},      {"F10c", "duty"},
    {"F11", "leave"},          {"F12", "attendance"}, {"F13", "delegation"}, {"F14b", "report"},
    {"F15", "inspection"},     {"F16", "equipment"},  {"F17", "outage"},     {"F18", "complaint"},
    {"F19", "accountability"}, {"F20", "appraisal"},  {"F26", "training"},   {"F27", "meeting"},
    {"F29", "custody"},        {"F30", "incident"},   {"F31", "lost"},       {"F32", "survey"},
    {"F33", "appointment"},    {"F28", "supplies"},
};
static const size_t day_form_count = sizeof day_forms / sizeof *day_forms;

#endif
