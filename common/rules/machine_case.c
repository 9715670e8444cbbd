#include "rules/machine_case.h"

#define IN(state) ((uint32_t)1 << CASE_STATE_##state)
#define TO(state) CASE_STATE_##state

/* A limit runs. */
#define RUNNING                                                                                    \
    (IN(ACCEPTED) | IN(PROCESSING) | IN(HUB_PROCESSING) | IN(REFERRED_DISTRICT) |                  \
     IN(DISTRICT_PROCESSING) | IN(JOINT))
/* The applicant may still withdraw. */
#define UNDECIDED                                                                                  \
    (RUNNING | IN(EXAMINING) | IN(NEED_MATERIALS) | IN(RETURNED) | IN(ENTRUSTED) | IN(SUSPENDED) | \
     IN(REFERRED_UP))
/* Everything before the archive. */
#define LIVE                                                                                       \
    (UNDECIDED | IN(NOT_ACCEPTED) | IN(FINISHED) | IN(REFUSED) | IN(ANSWERED) | IN(WITHDRAWN) |    \
     IN(RESULT_ON_WAY) | IN(RESULT_AT_STATION) | IN(HANDED) | IN(CONFIRMED) | IN(RATED))

/* In the order of the work: buttons come in this order. */
/* clang-format off */
static const struct rule_row case_rows[] = {
#include "rules/case_intake.def"
#include "rules/case_station.def"
#include "rules/case_upward.def"
#include "rules/case_result.def"
#include "rules/case_side.def"
};
/* clang-format on */

static const struct rule_name case_states[] = {
    {CASE_STATE_EXAMINING, "examining", "审查"},
    {CASE_STATE_NEED_MATERIALS, "need_materials", "待补正"},
    {CASE_STATE_NOT_ACCEPTED, "not_accepted", "不予受理"},
    {CASE_STATE_ACCEPTED, "accepted", "受理"},
    {CASE_STATE_PROCESSING, "processing", "承办"},
    {CASE_STATE_FINISHED, "finished", "办结"},
    {CASE_STATE_REFUSED, "refused", "不予许可"},
    {CASE_STATE_ANSWERED, "answered", "答复"},
    {CASE_STATE_REFERRED_UP, "referred_up", "报送镇中心"},
    {CASE_STATE_HUB_PROCESSING, "hub_processing", "镇中心承办"},
    {CASE_STATE_REFERRED_DISTRICT, "referred_district", "报区级"},
    {CASE_STATE_DISTRICT_PROCESSING, "district_processing", "区级承办"},
    {CASE_STATE_JOINT, "joint", "联办"},
    {CASE_STATE_ENTRUSTED, "entrusted", "委托"},
    {CASE_STATE_SUSPENDED, "suspended", "中止"},
    {CASE_STATE_WITHDRAWN, "withdrawn", "撤回"},
    {CASE_STATE_RESULT_ON_WAY, "result_on_way", "结果回传"},
    {CASE_STATE_RESULT_AT_STATION, "result_at_station", "待取件"},
    {CASE_STATE_HANDED, "handed", "已取件"},
    {CASE_STATE_CONFIRMED, "confirmed", "确认"},
    {CASE_STATE_RATED, "rated", "评价"},
    {CASE_STATE_ARCHIVED, "archived", "归档"},
    {CASE_STATE_RETURNED, "returned", "退回补正"},
    {0, NULL, NULL},
};

static const struct rule_name case_verbs[] = {
    {CASE_OPENED, "opened", "立案"},
    {CASE_CORRECTED_ON_SPOT, "corrected_on_spot", "当场更正"},
    {CASE_DEFICIENCY_NOTIFIED, "deficiency_notified", "一次性告知补正"},
    {CASE_SUPPLEMENTED, "supplemented", "补正"},
    {CASE_NOT_ACCEPTED, "not_accepted", "不予受理"},
    {CASE_ACCEPTED, "accepted", "受理"},
    {CASE_ASKED_SUPERIOR, "asked_superior", "请示"},
    {CASE_SUPERIOR_ANSWERED, "superior_answered", "请示答复"},
    {CASE_FINISHED, "finished", "办结"},
    {CASE_STARTED, "started", "承办"},
    {CASE_REFUSED, "refused", "不予许可"},
    {CASE_ANSWERED, "answered", "答复"},
    {CASE_SUBMITTED_UP, "submitted_up", "报送镇中心"},
    {CASE_RECEIVED_AT_HUB, "received_at_hub", "镇中心收件"},
    {CASE_RETURNED_FOR_SUPPLEMENT, "returned_for_supplement", "退回补正"},
    {CASE_DECIDED, "decided", "镇中心决定"},
    {CASE_SUBMITTED_DISTRICT, "submitted_district", "报区级"},
    {CASE_RECEIVED_DISTRICT, "received_district", "区级收件"},
    {CASE_DISTRICT_DECIDED, "district_decided", "区级决定"},
    {CASE_JOINT_OPENED, "joint_opened", "启动联办"},
    {CASE_ENTRUSTED, "entrusted", "委托代办"},
    {CASE_PROXY_ACCEPTED, "proxy_accepted", "代办受理"},
    {CASE_PROXY_ASSIGNED, "proxy_assigned", "指定代办"},
    {CASE_PROXY_RETURNED, "proxy_returned", "回交"},
    {CASE_EXTENDED, "extended", "延期"},
    {CASE_SUSPENDED, "suspended", "中止"},
    {CASE_RESUMED, "resumed", "恢复"},
    {CASE_INVITED, "invited", "约请"},
    {CASE_WITHDRAWN, "withdrawn", "撤回"},
    {CASE_RESULT_RETURNED, "result_returned", "回传结果"},
    {CASE_RESULT_RECEIVED, "result_received", "收到结果"},
    {CASE_TOLD, "told", "通知取件"},
    {CASE_HANDED_OUT, "handed_out", "发放结果"},
    {CASE_CONFIRMED, "confirmed", "确认"},
    {CASE_RATED, "rated", "评价"},
    {CASE_ARCHIVED, "archived", "归档"},
    {CASE_CORRECTED, "corrected", "更正"},
    {CASE_PAPERS_MOVED, "papers_moved", "原件交接"},
    {CASE_TAKEN, "taken", "交办"},
    {CASE_DISTRICT_RETURNED, "district_returned", "区级退回补正"},
    {CASE_NOTICE_REISSUED, "notice_reissued", "重开受理通知书"},
    {CASE_FEE_TAKEN, "fee_taken", "收规费"},
    {0, NULL, NULL},
};

const struct rule_machine machine_case = {
    .id = MACHINE_CASE,
    .name = "case",
    .zh = "办件",
    .states = case_states,
    .verbs = case_verbs,
    .rows = case_rows,
    .row_count = sizeof case_rows / sizeof *case_rows,
    .final_states = IN(ARCHIVED),
    .payload_field = PAYLOAD_CASE,
    .follows = LIVE & ~(IN(ANSWERED) | IN(CONFIRMED) | IN(RATED)),
    .shut = true,
};
