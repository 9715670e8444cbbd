"""What happens that day. Every step says who, what, and the law behind it, and checks its end."""

import base64
import json
import os
import subprocess

from found import STAFF_PHONES, STATIONS
from town import StepFailed, api, wait_for

CANARIES = list(STAFF_PHONES.values())


def must(condition, what):
    if not condition:
        raise StepFailed(what)


def id_number(prefix):
    """17 digits with their check digit (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return prefix + "10X98765432"[sum(int(d) * w for d, w in zip(prefix, weights)) % 11]


class Applicant:
    def __init__(self, name, number, phone):
        self.name = name
        self.id_number = id_number(number)
        self.phone = phone
        CANARIES.extend([name, self.id_number, phone])

    def fields(self):
        return {"name": self.name, "id_number": self.id_number, "phone": self.phone}


# Made up; the numbers are of a region code that was never given out.
MA = Applicant("马桂兰测", "99999919620315001", "19900000001")
FU = Applicant("符阿公测", "99999919500101002", "19900000002")
LI = Applicant("黎小满测", "99999919880808003", "19900000003")
WANG = Applicant("王石头测", "99999919751212004", "19900000004")

PAPERS = ["FORM,1,2,1", "ID,1,1,4"]


def first_contact(person, item, applicant, **more):
    answer = person.act("contact", "received", channel=1, item=item, **applicant.fields(),
                        text=f"{applicant.name}来窗口询问办理", **more)
    return answer["record"]


def open_case(person, item, applicant, **more):
    """more: of both; again, why a matter that is registered is registered again."""
    contact = first_contact(person, item, applicant, **more)
    answer = person.act("case", "opened", item=item, contact=contact, materials=PAPERS,
                        **applicant.fields(), **more)
    return answer["record"]


def show(program, record):
    return program.ask("show", record)


def state(program, record):
    code, out, _ = program.command("show", record, "--json", check=False)
    if code != 0:
        return ""
    word = json.loads(out.decode("utf-8"))["state"]
    return word["name"] if isinstance(word, dict) else word


def reaches(program, record, wanted):
    wait_for(f"{record} {wanted} at {program.name}", lambda: state(program, record) == wanted)


def all_accepted(station):
    wait_for(f"{station.name} backlog 0",
             lambda: int(station.ask("status")["backlog"]) == 0)


def due_of(answer):
    due = answer.get("due")
    return due.get("day") if isinstance(due, dict) else due


def proxied_card(day):
    worker, agent, clerk = day.people["worker1"], day.people["agent1"], day.people["clerk"]
    day.step(worker, "首问登记：村民来问残疾证", "S4-9四 首问责任 [S4:452]")
    contact = first_contact(worker, "I04", MA)
    day.step(agent, "接受代办委托，清点原件，当面告知程序和时限", "S4-4五(一) 代办服务委托书 F07 [S4:205]")
    case = agent.act("case", "entrusted", item="I04", contact=contact, consent="yes",
                     attest="paper", materials=PAPERS, papers=["HUKOU,3,1"],
                     **MA.fields())["record"]
    agent.act("case", "proxy_accepted", record=case, mode=2)
    worker.act("case", "proxy_assigned", record=case, handler=agent.staff)
    day.told("户口簿原件在代办员手里，每一次转手都签收")
    day.step(agent, "报送镇中心（接力棒要等镇中心日志采纳后才交出）", "S1-9j 在规定时间内向上级呈报 [S1:453]")
    agent.act("case", "submitted_up", record=case, papers=["HUKOU,6,1"])
    reaches(day.hub, case, "referred_up")
    clerk.act("case", "received_at_hub", record=case, papers=["HUKOU,4,1"])
    day.step(clerk, "发现申请表没有签名，一次性告知，退回补正", "S4-9 一次性告知 [S4:450]；F03")
    clerk.act("case", "returned_for_supplement", record=case, papers=["HUKOU,2,1"],
              materials=["FORM,1,2,3,unsigned"])
    reaches(day.stations[0], case, "returned")
    day.step(agent, "村民补签，时限从补正次日重新计算，重发受理单", "S4-10四 [S4:494]")
    answer = agent.act("case", "supplemented", record=case, attest="paper",
                       materials=["FORM,1,2,1"])
    day.told(f"新的办结日：{due_of(answer)}")
    agent.act("case", "submitted_up", record=case, papers=["HUKOU,4,1"])
    reaches(day.hub, case, "referred_up")
    day.step(clerk, "转报区残联，记下回执，区里办结，结果回村", "S1-9j 代办《残疾证》[S1:455]")
    clerk.act("case", "received_at_hub", record=case)
    clerk.act("case", "submitted_district", record=case, department="DISABLED",
              papers=["HUKOU,5,1"])
    clerk.act("case", "received_district", record=case, receipt="D-2026-118")
    day.move(days=1)
    clerk.act("case", "district_decided", record=case, decision=1, papers=["HUKOU,4,1"])
    clerk.act("case", "result_returned", record=case, papers=["HUKOU,6,1"])
    reaches(day.stations[0], case, "result_on_way")
    day.step(agent, "结果和原件回交本人，双方签收；本人确认并评价（代办员不能替他评）",
             "S4-4五(三) [S4:209]；4.2 评价出自群众")
    agent.act("case", "result_received", record=case, papers=["HUKOU,3,1"])
    agent.act("case", "proxy_returned", record=case, attest="paper", papers=["HUKOU,1,1"])
    refused = agent.act("case", "rated", check=False, record=case, rating=1, attest="screen")
    must(refused["_exit"] == 1, "an agent rated his own case")
    worker.act("case", "confirmed", record=case, attest="screen")
    worker.act("case", "rated", record=case, rating=1, attest="screen")
    worker.act("case", "archived", record=case)
    return case


def social_insurance(day):
    worker = day.people["worker2"]
    day.step(worker, "受理社保登记：10 个工作日，跨中秋和国庆，含补班日", "S2-1 [S2:7] N01；S4-10四")
    case = open_case(worker, "I51", LI)
    answer = worker.act("case", "accepted", record=case, materials=PAPERS)
    day.told(f"今天 {day.now()}，办结日 {due_of(answer)}")
    must(due_of(answer) == "2026-10-15", f"due {due_of(answer)}")
    return case


def on_the_spot(day):
    worker = day.people["worker1"]
    day.step(worker, "退休人员资格认证，当场办结", "S2-5.3.4 即办事项当即办理 [S2:180]")
    case = open_case(worker, "I06", FU)
    worker.act("case", "accepted", record=case, materials=PAPERS)
    worker.act("case", "finished", record=case, result="CERT")
    worker.act("case", "handed_out", record=case, attest="screen", serial="N-1")
    worker.act("case", "rated", record=case, rating=1, attest="screen")
    return case


def refusal(day):
    worker, clerk = day.people["worker3"], day.people["clerk"]
    day.step(clerk, "不予许可：必须写明理由，并告知复议和诉讼的权利", "S4-9五(一)3 不予许可决定书 F02 [S4:462]")
    case = open_case(worker, "I05", WANG)
    worker.act("case", "accepted", record=case, materials=PAPERS)
    worker.act("case", "submitted_up", record=case)
    reaches(day.hub, case, "referred_up")
    clerk.act("case", "received_at_hub", record=case)
    answer = clerk.act("case", "decided", check=False, record=case, decision=2, reason="untrue")
    must(answer["_exit"] == 1, "a refusal without remedies was let through")
    day.told("漏写救济途径被挡下：" + answer["refusal"]["zh"])
    clerk.act("case", "decided", record=case, decision=2, reason="untrue", remedies=3)
    clerk.act("case", "result_returned", record=case)
    reaches(day.stations[2], case, "result_on_way")
    worker.act("case", "result_received", record=case)
    worker.act("case", "told", record=case, mode=3)
    return case


def correction(day):
    worker = day.people["worker2"]
    day.step(worker, "录错了当事人：原记录保留，更正另记，重发受理单", "S4-9五(一)1 受理单 [S4:458]；更正")
    case = open_case(worker, "I51", WANG)
    accepted = worker.act("case", "accepted", record=case, materials=PAPERS)
    answer = worker.act("case", "corrected", record=case, correction=1, reason="typo",
                        corrected=accepted["id"], **FU.fields())
    facts = show(day.stations[1], case)["facts"]
    must(int(facts.get("noticeCount", 0)) == 2 and due_of(answer) == due_of(accepted),
         f"correction: {facts}")
    day.told("受理单已重发，办结日不变")
    return case


def returned_event(day):
    """A withdrawal asked for offline loses against the decision: a task with its article."""
    worker, clerk, station = day.people["worker3"], day.people["clerk"], day.stations[2]
    day.step(worker, "离线时申请撤回，而镇中心已先作出决定：该申请被退回，成为待办", "6.2 第35行；以日志先后为准")
    case = open_case(worker, "I05", LI)
    worker.act("case", "accepted", record=case, materials=PAPERS)
    worker.act("case", "submitted_up", record=case)
    reaches(day.hub, case, "referred_up")
    clerk.act("case", "received_at_hub", record=case)
    reaches(station, case, "hub_processing")
    station.command("drill", "link", "down")
    clerk.act("case", "decided", record=case, decision=1)
    worker.act("request", "made", kind=1, case_record=case, attest="paper", reason="moved")
    station.command("drill", "link", "up")
    tasks = wait_for("the returned request",
                     lambda: station.ask("tasks")["tasks"])
    must(tasks[0]["article"], f"a task without its article: {tasks}")
    day.told(f"退回待办：{tasks[0]['zh']}（{tasks[0]['article']}）")
    return case


def cut_off(day):
    worker, station = day.people["worker1"], day.stations[0]
    day.step(worker, "线路中断三天，村站照常受理；线路恢复后全部补报", "S4-18四 停电断网时照常服务 [S4:840]")
    station.command("drill", "link", "down")
    for i in range(3):
        day.move(days=1)
        for j in range(4):
            open_case(worker, "I06", [MA, FU, LI, WANG][j], again="renewed")
    status = station.ask("status")
    must(int(status["backlog"]) >= 24 and not status["connected"], f"status {status}")
    silent = [one["code"] for one in day.hub.ask("watch")["stations"] if one["silent"]]
    must(STATIONS[0][0] in silent, f"three days without a word, silent: {silent}")
    day.told(f"离线三天积下 {status['backlog']} 条；镇中心看到该站失联")
    station.command("drill", "link", "up")
    all_accepted(station)
    watched = {one["code"]: one["silent"] for one in day.hub.ask("watch")["stations"]}
    must(not watched[STATIONS[0][0]], f"silent though it speaks: {watched}")
    day.told("已全部补报并取得镇中心的证明")


def many_contacts(person, count):
    with open(os.path.join(person.program.folder, "token"), encoding="utf-8") as text:
        token = text.read().strip()
    for i in range(count):
        status, answer = api(person.program, "POST", "/api/v1/events",
                             {"contact": {"verb": "received", "channel": 1, "item": "I56"},
                              "matter": {"text": f"第 {i} 件咨询，{WANG.name}"}}, token)
        must(status in (200, 201), f"{status} {answer}")


def power_cut(day):
    worker, station = day.people["worker2"], day.stations[1]
    day.step("停电", "正在上报时镇中心和村站先后断电（kill -9），来电后接着报，不丢不重", "已采纳的不丢，已存的不丢")
    worker.sit_down()
    station.command("drill", "link", "down")
    many_contacts(worker, 400)
    status = station.ask("status")
    kept, before = int(status["kept"]), int(status["accepted"])
    station.command("drill", "link", "up")
    wait_for("the push to begin",
             lambda: int(station.ask("status")["accepted"]) > before, seconds=30)
    day.hub.kill()
    day.told("镇中心断电")
    day.hub.start(*day.run_options())
    wait_for("the push to go on",
             lambda: int(station.ask("status")["accepted"]) > before, seconds=30)
    station.kill()
    day.told("村站断电")
    station.start(*day.run_options())
    all_accepted(station)
    status = station.ask("status")
    must(int(status["kept"]) == kept and int(status["accepted"]) == kept, f"status {status}")
    day.told(f"来电后 {kept} 条一条不少，全部被采纳")


def hostile(day):
    peer = os.path.join(day.build, "tests", "scenario", "peer")
    day.step("不速之客", "陌生密钥连不上；冒名的记录、重放的记录都不起作用", "架构 4：逐条核验签名与链")

    def run(*words):
        done = subprocess.run([peer, *words], capture_output=True, text=True, timeout=60,
                              check=False)
        return done.stdout.strip() + done.stderr.strip()

    def size():
        return int(day.hub.ask("status")["size"])

    station, bundle = day.stations[2], day.path("station3.bundle")
    must(run("stranger", bundle) == "refused", "a stranger was let in")
    day.told("陌生密钥：握手即被拒")
    before = size()
    usurped = run("usurper", day.auditors[0].folder, bundle, "11" * 32)
    must(usurped.startswith("nack") and size() == before, f"usurper: {usurped}")
    day.told(f"审计员的密钥冒充村站：{usurped or '被断开'}，日志不变")
    all_accepted(station)
    station.stop()
    before = size()
    replayed = run("replay", station.folder, bundle)
    must(replayed.startswith("answer") and size() == before, f"replay: {replayed}")
    day.told("重放已采纳的记录：得到与上次相同的回答，日志一条不增")
    station.start(*day.run_options())


def disguises(word):
    """All the ways a word could stand in a file, each with its name."""
    for name in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = word.encode(name)
        yield name, raw
        yield f"{name} hex", raw.hex().encode()
        yield f"{name} HEX", raw.hex().upper().encode()
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + raw)
            yield f"{name} base64+{shift}", coded[(0, 2, 3)[shift]:len(coded) - 4]


def contains_personal_data(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as text:
                content = text.read()
            for word in CANARIES:
                for how, needle in disguises(word):
                    if needle in content:
                        return f"{name}: {how}"
    return ""


def must_find_planted(day):
    """A search that finds nothing proves something only when it would find."""
    folder = day.path("planted")
    os.mkdir(folder)
    for word in CANARIES:
        raw = [word.encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be")]
        for text in [*raw, *[one.hex().encode() for one in raw],
                     *[base64.b64encode(b"x" * shift + one) for one in raw for shift in range(3)]]:
            with open(os.path.join(folder, "planted"), "wb") as out:
                out.write(b"before " + text + b" after")
            must(contains_personal_data(folder), f"the search is blind for {text!r}")


def privacy(day):
    day.step("审计", "在日志、导出的叶子、指标和门铃里找不到任何姓名、证号、电话",
             "个人信息不进日志 (evidence 7)")
    export = day.path("export")
    day.hub.command("log", "export", export)
    for key, number in STAFF_PHONES.items():
        person = day.people[key]
        for program in (person.program, day.hub):
            shown = program.ask("phone", person.staff)["phone"]
            must(shown == number, f"{program.name}: telephone of {key} is {shown}")
    for program in [day.hub, *day.stations]:
        _, metrics, _ = program.command("metrics")
        must(b"jieli" in metrics, f"no metrics of {program.name}")
        with open(os.path.join(day.logs, f"metrics.{program.name}"), "wb") as out:
            out.write(metrics)
    rung = os.path.getsize(os.path.join(day.logs, "doorbells"))
    must(rung > 0, "no doorbell was heard all day")
    for folder in (export, day.logs):
        found = contains_personal_data(folder)
        must(not found, f"personal data in {found}")
    must_find_planted(day)
    day.told(f"{len(CANARIES)} 个姓名、证号、电话，各种编码都没有出现（门铃共 {rung} 字节）；故意放进去的都找得到")
    return export


def audit(day, export):
    day.step("区审计员", "两名审计员各自核验全部日志，仅凭事件重算每站办件与按期率", "S3-1 动态跟踪，全程监控 [S3:34]")
    results = []
    for auditor in day.auditors:
        auditor.command("follow", "--once")
        results.append(auditor.ask("status"))
    must(all(one["findings"] == 0 and one["gaps"] == 0 for one in results), f"{results}")
    must(results[0]["root"] == results[1]["root"] and
         results[0]["verified"] == int(day.hub.ask("status")["size"]), f"{results}")
    _, report, _ = day.auditors[0].command("report")
    print(report.decode("utf-8"))
    verified = day.auditors[1].ask("verify", export)
    must(verified["findings"] == 0, f"{verified}")
    print(f"     verified {results[0]['verified']} events, {results[0]['gaps']} gaps")


def rule_book(day):
    """Both tiers list the 120 regimes, what carries each and what is still missing."""
    head, worker = day.people["head1"], day.people["worker1"]
    day.step(head, "对照规则书：120 项制度各由什么承载、本周还缺什么", "规则书 R01-R120")
    for person in (head, day.people["clerk"]):
        person.sit_down()
        regimes = person.program.ask("regimes")["regimes"]
        must([regime["number"] for regime in regimes] ==
             [f"R{number:02}" for number in range(1, 121)], "120 regimes in order")
        must(all(regime["carriedBy"] for regime in regimes), "each is carried, or says why not")
        must(any("本期尚缺" in regime["liveZh"] for regime in regimes),
             f"nothing is missing this week at {person.program.name}")
        _, text, _ = person.program.command("regimes")
        must(text.decode("utf-8").count("\n") >= 120, "a line a regime")
    worker.sit_down()
    code, _, _ = worker.program.command("regimes", check=False)
    must(code != 0, "a window worker is shown what only leaders are")


def play(day):
    day.hear_doorbells()
    proxied_card(day)
    social_insurance(day)
    on_the_spot(day)
    refusal(day)
    correction(day)
    returned_event(day)
    cut_off(day)
    power_cut(day)
    hostile(day)
    rule_book(day)
    for station in day.stations:
        all_accepted(station)
    export = privacy(day)
    audit(day, export)
