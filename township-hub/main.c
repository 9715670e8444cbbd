#include "township-hub/export.h"
#include "township-hub/main_run.h"
#include "township-hub/metrics.h"
#include "township-hub/publish_command.h"
#include "township-hub/queue.h"
#include "township-hub/setup.h"
#include "township-hub/staff.h"
#include "township-hub/watch.h"

static const struct cli_command commands[] = {
    {"init", "建立中心目录和登记申请", "make the hub's folder and its enrolment request",
     setup_init},
    {"trust", "收下县级根的信任书", "take the district root's trust note", setup_trust},
    {"found", "登记首任负责人和登记员", "enrol the first leader and registrar", setup_found},
    {"run", "运行", "run the daemon", run_command},
    {"enrol", "站点或审计员入网", "let a station or an auditor in", staff_enrol_command},
    {"station", "撤销站点", "revoke a station", staff_station_command},
    {"staff", "人员：登记、授权、撤销、电话、名单", "people: enrol, grant, revoke, phone, list",
     staff_command},
    {"publish", "发布参数、事项、日历、去向", "publish policy, catalogue, calendar, departments",
     publish_command},
    {"queue", "本中心待办", "cases that lie at the hub, by due date", queue_command},
    {"watch", "看站点", "what is known of each station", watch_command},
    {"status", "中心状况", "the hub at a glance", watch_status_command},
    {"metrics", "指标", "Prometheus metrics", metrics_command},
    {"log", "导出日志", "log export DIR", export_log_command},
    {"check", "核对停着的存储", "check a stopped hub's store", export_check_command},
};

static const struct cli_program program = {
    .name = "township-hub",
    .version = JIELI_VERSION,
    .zh = "乡镇便民服务中心",
    .en = "the township hub",
    .commands = commands,
    .command_count = sizeof commands / sizeof *commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
