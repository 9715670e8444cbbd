#include "seal/sign.h"
#include "village-node/program.h"

int main(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"init", "新建站点文件夹、密钥和登记申请", "make the station's folder, keys and request",
         command_init},
        {"join", "用镇中心的接入文件接入", "join the hub whose bundle this is", command_join},
        {"run", "运行站点服务", "run the station's daemon", command_run},
        {"status", "站点与镇中心的同步情况", "how the station stands with the hub", command_status},
        {"sync", "立即同步并等待全部上报", "sync now and wait until all is at the hub",
         command_sync},
        {"tasks", "被退回、待告知、待取件、超时的事项", "what must be dealt with", command_tasks},
        {"task-done", "被退回的事项已处理", "a returned event was dealt with", command_task_done},
        {"slip", "打印办件凭条", "print the slip of a record", command_slip},
        {"slip-verify", "核验凭条上的二维码", "verify the code of a slip", command_slip_verify},
        {"handover", "离岗移交：在办件、预约、投诉、印章档案、设备、值班等",
         "hand all that a person has to another",
         command_handover},
        {"clock", "时钟不可信时输入日期时间", "enter the date when the clock is not plausible",
         command_clock},
        {"backup", "备份并核验", "make a backup and check it", command_backup},
        {"restore", "恢复到新文件夹", "restore a backup into a new folder", command_restore},
        {"check", "核对停机状态下的存储", "check the store of a stopped station", command_check},
        {"metrics", "监测指标", "metrics for Prometheus", command_metrics},
        {"drill", "演练：移动时钟、断开网络", "drills: move the clock, cut the link",
         command_drill},
    };
    static const struct cli_program program = {
        .name = "village-node",
        .version = JIELI_VERSION,
        .zh = "村级便民服务站",
        .en = "the village station",
        .commands = commands,
        .command_count = sizeof commands / sizeof *commands,
    };
    if (seal_init() != ERR_NONE) {
        return CLI_LATER;
    }
    return cli_main(&program, argc, argv);
}
