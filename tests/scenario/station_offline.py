#!/usr/bin/env python3
"""A village station without its hub: writes, is killed, starts again, runs out of disk, is backed
up and comes back from the backup; then the real hub tells it what it forgot.

Usage: station_offline.py BUILD
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPLOY = os.path.join(SOURCE, "deploy")
sys.path.insert(0, os.path.join(DEPLOY, "day"))
from town import Person, Program, StepFailed, api, file_with, free_port, wait_for  # noqa: E402

CODE = "460200001001"
APPLICANT = {"name": "测试甲", "id_number": "999999196203150013", "phone": "19900000001"}


def must(condition, what):
    if not condition:
        raise StepFailed(what)


def say(text):
    print("-", text, flush=True)


class Place:
    def __init__(self, build, folder):
        self.build = os.path.abspath(build)
        self.folder = folder
        self.people = {}
        self.hub = self.program("township-hub", "hub")
        self.station = self.program("village-node", "station")
        self.root = self.program("district-auditor", "root")

    def program(self, name, folder):
        return Program(os.path.join(self.build, name, name), self.path(folder), self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def password(self, name):
        return file_with(self.path("password." + name), f"synthetic words of {name}\n")


def found(place):
    secret = place.password("root")
    place.root.command("root", "init", "--password-file", secret)
    place.hub.command("init", "--code", "460200001", "--origin", "hub.xian.zhen.jieli",
                      "--endpoint", f"tcp://127.0.0.1:{free_port()}",
                      "--bell-endpoint", f"tcp://127.0.0.1:{free_port()}")
    _, note, _ = place.root.command("root", "sign", place.path("hub/enrolment.request"),
                                    "--password-file", secret)
    with open(place.path("note"), "wb") as out:
        out.write(note)
    place.hub.command("trust", place.path("note"), "--root", place.path("root/root.pub"))
    answer = place.hub.ask("found", "--leader", "周主任", "--leader-password-file",
                           place.password("leader"), "--registrar", "钱登记",
                           "--registrar-password-file", place.password("registrar"))
    for key in ("leader", "registrar"):
        place.people[key] = Person(place.hub, key, answer[key], place.password(key), key)
    place.hub.start()
    place.people["leader"].sit_down()
    year = "calendar/cn-2026.txt"
    for kind, name in (("policy", "policy/policy.txt"), ("catalogue", "catalogue/catalogue.txt"),
                       ("calendar", year)):
        place.hub.command("publish", kind, os.path.join(DEPLOY, name))


def join(place):
    station = place.station
    answer = station.ask("init", "--code", CODE)
    must(os.path.exists(answer["request"]), f"init: {answer}")
    code, _, _ = station.command("init", "--code", CODE, check=False)
    must(code == 6, f"a second init: exit {code}")
    place.people["registrar"].sit_down()
    bundle = place.path("bundle")
    place.hub.command("enrol", place.path("station/enrolment.request"), "--out", bundle)
    broken = bytearray(open(bundle, "rb").read())
    broken[len(broken) // 2] ^= 1
    with open(place.path("station/node.conf"), "w", encoding="utf-8") as out:
        out.write("[slip]\nstation = 沿湖村便民服务站\ncomplaints = 0898-12345678\n")
    with open(place.path("broken"), "wb") as out:
        out.write(broken)
    code, _, _ = station.command("join", place.path("broken"), check=False)
    must(code != 0 and not os.path.exists(place.path("station/bundle")), "an altered bundle")
    station.command("join", bundle, "--root", place.path("root/root.pub"))
    for key, name, roles in (("worker", "陈窗口", "worker,window_head,custodian"),
                             ("second", "何窗口", "worker,custodian"), ("idle", "未上岗", "")):
        place.people["registrar"].sit_down()
        answer = place.hub.ask("staff", "enrol", "--name", name, "--station", CODE,
                               "--new-password-file", place.password(key), "--keys",
                               place.path("station/keys"))
        place.people["leader"].sit_down()
        if roles:
            place.hub.command("staff", "grant", answer["staff"], "--roles", roles, "--station",
                              CODE)
        place.people[key] = Person(station, name, answer["staff"], place.password(key), name)
    station.start("--drill")
    wait_for("editions and people at the station", lambda: is_seated(place.people["worker"]) and
             int(station.ask("status")["common"]) > 5)
    say("joined: an altered bundle and a second init were refused")


def is_seated(person):
    """Not before the hub's word about her key has arrived."""
    try:
        person.sit_down()
    except StepFailed:
        return False
    return True


def status(place):
    return place.station.ask("status")


def open_case(place):
    worker = place.people["worker"]
    contact = worker.act("contact", "received", channel=1, item="I04", text="来问残疾证",
                         again="renewed", **APPLICANT)
    case = worker.act("case", "opened", item="I04", contact=contact["record"],
                      again="renewed", materials=["FORM,1,2,1", "ID,1,1,4"], **APPLICANT)
    return case


def offline(place):
    station = place.station
    place.hub.stop()
    wait_for("the link is gone", lambda: not status(place)["connected"])
    case = open_case(place)
    station.kill()
    station.start("--drill")
    now = status(place)
    must(int(now["kept"]) == int(case["seq"]), f"kept {now['kept']}, acknowledged {case['seq']}")
    must(int(now["backlog"]) >= 2, f"backlog {now['backlog']}")
    place.people["worker"].sit_down()
    shown = station.ask("show", case["number"])
    must(shown["record"] == case["record"], "another record under the number")
    events = station.ask("events", case["record"])
    must("kept" in json.dumps(events), f"its event: {events}")
    code, _, _ = station.command("run", check=False)
    must(code == 6, f"a second daemon: exit {code}")
    code, _, _ = station.command("sync", "--timeout", "1", check=False)
    must(code == 75, f"sync without a hub: exit {code}")
    code, _, _ = station.command("check", check=False)
    must(code == 6, f"check of a running station: exit {code}")
    say("killed behind an acknowledged command: everything is there; a second daemon was refused")
    return case


def slip(place, case):
    station = place.station
    station.command("phone", "陈窗口", "0898-00000021")
    must(station.command("phone", "何窗口", "110", check=False)[0] == 5, "another's telephone")
    paper = station.ask("slip", case["number"])
    must(paper["number"] == case["number"] and paper["seq"] == case["seq"], f"slip: {paper}")
    must("测试甲" not in json.dumps(paper, ensure_ascii=False), "a name on the slip's code")
    answer = station.ask("slip-verify", paper["code"], "--bundle", place.path("bundle"))
    must(answer["event"] == paper["event"], "the code names another event")
    code = paper["code"]
    altered = code[:60] + ("A" if code[60] != "A" else "B") + code[61:]
    for text in (altered, "JL1:", "hello", code[:-4]):
        exit_code, _, _ = station.command("slip-verify", text, check=False)
        must(exit_code == 1, f"slip-verify {text[:8]}: exit {exit_code}")
    _, out, _ = station.command("slip", case["record"])
    text = out.decode("utf-8")
    for word in (case["number"], "█", paper["tail"], "沿湖村便民服务站", "0898-12345678",
                 "联系电话：0898-00000021", "查询请拨 0898-00000021，"):
        must(word in text, f"no {word} in:\n{text}")
    _, out, _ = station.command("slip", case["record"], "--svg")
    must(out.startswith(b"<svg") and out.rstrip().endswith(b"</svg>"), "no SVG")
    code, _, _ = station.command("slip", "001-1-999999-1", check=False)
    must(code != 0, "a slip of nothing")
    say("a slip for paper and telephone; its code verifies, an altered one does not")


def desk(place, case):
    station = place.station
    worker, second = place.people["worker"], place.people["second"]
    token = open(place.path("station/token"), encoding="utf-8").read().strip()
    code, _ = api(station, "PUT", "/api/v1/drafts/contact-1", {"text": "未写完"}, token)
    must(code == 200, f"draft: {code}")
    code, back = api(station, "GET", "/api/v1/drafts/contact-1", None, token)
    must(code == 200 and back == {"text": "未写完"}, f"draft back: {back}")
    code, _ = api(station, "GET", "/api/v1/drafts/contact-1")
    must(code == 401, f"a draft without its owner: {code}")
    with open(place.path("station/store/data.mdb"), "rb") as store:
        must("未写完".encode() not in store.read(), "a draft lies open on the disk")
    device = worker.act("equipment", "registered", asset="PC-1", handler=worker.staff)
    purse = worker.act("lost", "found", location="HALL", handler=worker.staff, text="黑色钱包")
    people = ("handover", "--from", worker.staff, "--to", second.staff)
    for check in ((), ("--check",)):
        code, _, _ = station.command("handover", "--from", worker.staff, "--to",
                                     place.people["idle"].staff, *check, check=False)
        must(code == 1, f"handed over to somebody without a post: exit {code}")
    listed = station.ask(*people, "--check")
    moved = station.ask(*people)
    records = [m["record"] for m in moved["moved"]]
    must([m["machine"] for m in moved["moved"]] == ["case", "contact", "equipment"] and
         records[0] == case["record"] and records[2] == device["record"] and
         moved["draftsMoved"] == 1 and moved["draftsLeft"] == 0, f"handover: {moved}")
    must(listed["check"] and [m["record"] for m in listed["moved"]] == records and
         listed["draftsMoved"] == 0 and listed["left"] == moved["left"], f"a list: {listed}")
    must([(one["record"], one["machine"]) for one in moved["left"]] ==
         [(purse["record"], "lost")] and "回执" in moved["left"][0]["zh"],
         f"what stays: {moved['left']}")
    kept = station.ask("show", device["record"])["facts"]["handler"]
    must(second.staff in json.dumps(kept), f"the device's keeper: {kept}")
    code, _ = api(station, "GET", "/api/v1/drafts/contact-1", None, token)
    must(code == 404, f"a draft that was handed over: {code}")
    code, answer = api(station, "POST", "/api/v1/unlock",
                       {"staff": second.staff, "password": "synthetic words of second"})
    must(code == 200, f"unlock second: {code}")
    other = answer["token"]
    code, back = api(station, "GET", "/api/v1/drafts/contact-1", None, other)
    must(code == 200 and back == {"text": "未写完"}, f"draft handed over: {back}")
    code, _ = api(station, "PUT", "/api/v1/drafts/contact-2", {"text": "乙"}, other)
    must(code == 200, f"draft of second: {code}")
    stays = station.ask("handover", "--from", second.staff, "--to", worker.staff)
    must(stays["draftsMoved"] == 0 and stays["draftsLeft"] == 2 and "本人" in stays["draftsZh"],
         f"drafts of somebody else: {stays}")
    again = station.ask("handover", "--from", worker.staff, "--to", second.staff)
    must(case["record"] not in [m["record"] for m in again["moved"] + again["left"]],
         f"handed over twice: {again}")
    code, _ = api(station, "DELETE", "/api/v1/drafts/contact-1", None, other)
    must(code == 200, f"draft deleted: {code}")
    tasks = station.ask("tasks")
    must(tasks["tasks"] == [] and tasks["overdue"] == [], f"tasks: {tasks}")
    code, _, _ = station.command("task-done", "77", check=False)
    must(code != 0, "a task that is none was done")
    _, out, _ = station.command("metrics")
    must(b'jieli_cases{state="examining"} 1\n' in out, "metrics")
    must("测试甲".encode() not in out, "a name in the metrics")
    say("a sealed draft, a hand-over with an event a case, metrics")


def spreadsheet(path, rows):
    """An XLSX file as another program writes it: text in the cells, days as serial numbers."""
    cells = "".join("<row>" + "".join(
        f'<c s="1"><v>{value}</v></c>' if isinstance(value, int) else
        f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in row) + "</row>"
        for row in rows)
    parts = {
        "xl/workbook.xml": '<workbook xmlns:r="r"><sheets><sheet name="1" r:id="a"/></sheets>'
                           "</workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="a" '
                                      'Target="worksheets/one.xml"/></Relationships>',
        "xl/styles.xml": '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
                         "</styleSheet>",
        "xl/worksheets/one.xml": f"<worksheet><sheetData>{cells}</sheetData></worksheet>"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def ledger(place):
    """An old ledger: told what is wrong, then imported once."""
    station = place.station
    heading = ["编号", "受理时间", "来访人员", "身份证号", "服务事项", "办理结果", "事项", "办结日期"]
    good = ["A1", 45047, "赵甲", "11010519491231002X", "问残疾证", "已告知", "I04", 45049]
    names = ("serial", "time", "name", "id_number", "matter", "told", "item", "done")
    mapping = file_with(place.path("ledger.conf"), "[import]\nledger = old\n" + "".join(
        f"{name} = {title}\n" for name, title in zip(names, heading)))
    wrong = spreadsheet(place.path("wrong.xlsx"), [heading, good, ["A2"] + good[1:6] + ["I999", 1]])
    code, _, told = station.command("import", wrong, "--map", mapping, check=False)
    text = told
    must(code != 0 and "第 3 行 第 7 列" in text and "第 3 行 第 8 列" in text and
         "与第 2 行是同一人" not in text and "一条也没有导入" in text, f"a wrong ledger: {text}")
    whole = spreadsheet(place.path("whole.xlsx"), [
        heading, good, ["A2", 45048, "钱乙", "", "问路", "", "", ""]])
    _, out, _ = station.command("import", whole, "--map", mapping, "--check")
    must("2 行，没有发现错误" in out.decode("utf-8"), f"checked: {out}")
    _, out, _ = station.command("import", whole, "--map", mapping)
    must("导入 2 条，原已导入 0 条" in out.decode("utf-8"), f"imported: {out}")
    _, out, _ = station.command("import", whole, "--map", mapping)
    must("导入 0 条，原已导入 2 条" in out.decode("utf-8"), f"imported again: {out}")
    view = station.ask("view", "F04", "--from", "2023-05-01", "--until", "2023-05-31")
    must(len(view["rows"]) == 2 and "2023-05-01" in str(view["rows"]), f"ledger: {view['rows']}")
    say("an old ledger in Excel: mistakes by row and column, imported once, in the register")


def results(place):
    """A matter done at once: to be told, then to be handed out, then no task any more."""
    station, worker = place.station, place.people["worker"]
    contact = worker.act("contact", "received", channel=1, item="I06", **APPLICANT)
    case = worker.act("case", "opened", item="I06", contact=contact["record"],
                      materials=["FORM,1,2,1", "ID,1,1,4"], **APPLICANT)["record"]
    worker.act("case", "accepted", record=case)
    code, _, err = station.command("case", "told", "--record", case, "--mode", "3", check=False)
    must(code == 1, f"told before it is finished: exit {code} {err}")
    worker.act("case", "finished", record=case, result="CERT")

    def listed(name):
        return [task["record"] for task in station.ask("tasks")[name]]

    must(listed("toTell") == [case] and listed("toHandOut") == [], f"{station.ask('tasks')}")
    worker.act("case", "told", record=case, mode=3)
    must(listed("toTell") == [] and listed("toHandOut") == [case], f"{station.ask('tasks')}")
    worker.act("case", "handed_out", record=case, attest="screen", serial="N-1")
    must(listed("toTell") == [] and listed("toHandOut") == [], f"{station.ask('tasks')}")
    say("results are listed until they are told and handed out")


def late(place, case):
    """Days pass: the open case becomes overdue and is listed."""
    station = place.station
    worker = place.people["worker"]
    other = open_case(place)["record"]
    worker.act("case", "accepted", record=other)
    code, _ = api(station, "POST", "/api/v1/drill/clock", {"offset_ms": 300 * 86400 * 1000})
    must(code == 200, "the clock does not move")
    overdue = [task["record"] for task in station.ask("tasks")["overdue"]]
    must(overdue == [other] and case["record"] not in overdue, f"overdue: {overdue}")
    turn = station.ask("tasks")["turn"]
    counts = {item["code"]: item["count"] for item in turn["items"]}
    year = time.localtime(time.time() + 300 * 86400).tm_year - 1
    must(turn["year"] == year and counts.get("carried", 0) >= 1 and
         counts.get("year_report") == 1 and counts.get("archive_list") == 1,
         f"the year's turn: {turn}")
    _, out, _ = station.command("metrics")
    must(b"jieli_deadline_overdue_cases 1\n" in out, "metrics of overdue cases")
    api(station, "POST", "/api/v1/drill/clock", {"offset_ms": 0})
    must(station.ask("tasks")["overdue"] == [], "overdue before its day")
    say("a case after its day is listed as overdue")


def full_disk(place):
    """The data file may not grow: nothing is saved, it is said, and work goes on afterwards."""
    station, worker = place.station, place.people["worker"]
    station.stop()
    station.process = subprocess.Popen(
        [station.binary, "run", "--dir", station.folder, "--drill"],
        stderr=open(station.log, "ab"), preexec_fn=ignore_size_signal)
    station.wait_ready()
    worker.sit_down()
    kept = int(status(place)["kept"])
    limit_files(station, 0)
    refused = write_contact(place)
    must(refused["_exit"] == 75 and refused["code"] == "full", f"full disk: {refused}")
    now = status(place)
    must(now["diskFull"] and int(now["kept"]) == kept, f"after a full disk: {now}")
    limit_files(station, resource.RLIM_INFINITY)
    must(write_contact(place)["_exit"] == 0, "room again")
    now = status(place)
    must(not now["diskFull"] and int(now["kept"]) == kept + 1, f"room again: {now}")
    say("a full disk: not saved and said so; with room again work goes on")
    nearly_full(place)


def write_contact(place):
    return place.people["worker"].act("contact", "received", channel=1, item="I04", check=False,
                                      text="满" * 900, again="renewed", **APPLICANT)


def limit_files(station, size):
    resource.prlimit(station.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def nearly_full(place):
    """A file that cannot grow may break a write in the middle: nothing of it counts."""
    station = place.station
    limit_files(station, os.path.getsize(place.path("station/store/data.mdb")))
    for count in range(200):
        kept = int(status(place)["kept"])
        answer = write_contact(place)
        if answer["_exit"] != 0:
            break
    must(answer["_exit"] == 75 and answer["code"] == "full",
         f"200 entries in a file that cannot grow, or: {answer}")
    limit_files(station, resource.RLIM_INFINITY)
    station.wait_ready()
    station.token_of = None
    must(int(status(place)["kept"]) == kept, f"kept {status(place)['kept']}, told {kept}")
    must(write_contact(place)["_exit"] == 0, "the station does not go on")
    must(int(status(place)["kept"]) == kept + 1, "one more")
    say(f"a write broken in the middle, {count} entries later: {answer['code']}; nothing was lost")


def ignore_size_signal():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def restored(place):
    station, worker = place.station, place.people["worker"]
    backup = station.ask("backup")
    must(int(backup["seq"]) == int(status(place)["kept"]), f"backup: {backup}")
    later = worker.act("contact", "received", channel=1, item="I04", again="renewed", **APPLICANT)
    place.hub.start()
    station.command("sync", "--timeout", "60")
    kept = int(status(place)["kept"])
    must(kept == int(later["seq"]), "the later contact")
    station.kill()
    code, _, _ = station.command("restore", backup["path"], "--to", place.path("station"),
                                 check=False)
    must(code == 6, f"restored over a station: exit {code}")
    station.command("restore", backup["path"], "--to", place.path("again"))
    place.station = place.program("village-node", "again")
    for key in ("worker", "second"):
        place.people[key].program = place.station
    place.station.start("--drill")
    wait_for("the next life of the chain", lambda: status(place)["incarnation"] == 2)
    wait_for("its past is back", lambda: not status(place)["restoring"])
    place.people["worker"].sit_down()
    shown = place.station.ask("show", later["record"])
    must(shown["record"] == later["record"], "what was written behind the backup is gone")
    case = open_case(place)
    must(case["number"].startswith("001-2-"), f"number in the second life: {case['number']}")
    place.station.command("sync", "--timeout", "60")
    must(int(status(place)["backlog"]) == 0, "backlog")
    must(place.station.ask("phone", "陈窗口")["phone"] == "0898-00000021", "the telephone is gone")
    say("restored: the hub gave back what the backup did not have; the second life is open")


def checked(place, case):
    station = place.station
    paper = station.ask("slip", case["record"])
    station.stop()
    answer = station.ask("check")
    must(answer["_exit"] == 0 and int(answer["findings"]) == 0, f"check: {answer}")
    # Its id stands in the event that follows it.
    path = os.path.join(station.folder, "store", "data.mdb")
    data = open(path, "rb").read()
    wanted = bytes.fromhex(paper["event"])
    must(wanted in data, "the event's id is nowhere")
    shutil.copy(path, path + ".good")
    with open(path, "wb") as out:
        out.write(data.replace(wanted, wanted[:-1] + bytes([wanted[-1] ^ 1])))
    answer = station.ask("check", check=False)
    must(answer["_exit"] == 4 and int(answer["findings"]) > 0, f"check, a bit changed: {answer}")
    os.replace(path + ".good", path)
    say("check: whole; with one bit changed it says where")


def clock(place):
    station, worker = place.station, place.people["worker"]
    place.hub.stop()
    station.start("--clock-offset", str(410 * 86400 * 1000))
    must(status(place)["clock"] == "bad", f"clock 410 days ahead: {status(place)['clock']}")
    station.stop()
    station.start("--clock-offset", str(-9 * 365 * 86400 * 1000))
    must(status(place)["clock"] == "bad", f"clock nine years back: {status(place)['clock']}")
    worker.sit_down()
    code, _, _ = station.command("clock", "yesterday", check=False)
    must(code == 2, f"clock yesterday: exit {code}")
    station.command("clock", time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 8 * 3600)))
    must(status(place)["clock"] == "asked", f"clock: {status(place)['clock']}")
    contact = worker.act("contact", "received", channel=1, item="I04", again="renewed", **APPLICANT)
    events = json.dumps(station.ask("events", contact["record"]))
    must("kept" in events, f"written by a clock somebody set: {events}")
    must(status(place)["now"][:4] == time.strftime("%Y"), "the date entered is not in force")
    station.stop()
    station.start()
    must(status(place)["clock"] == "good", "a good clock")
    say("a clock nine years back is not believed until a person enters the date")


def play(place):
    found(place)
    join(place)
    case = offline(place)
    slip(place, case)
    desk(place, case)
    ledger(place)
    results(place)
    late(place, case)
    full_disk(place)
    restored(place)
    checked(place, case)
    clock(place)


def main():
    place = Place(sys.argv[1], tempfile.mkdtemp(prefix="jieli-station-"))
    try:
        play(place)
        return 0
    except StepFailed as error:
        print(f"station_offline: {error}", file=sys.stderr)
        for program in (place.station, place.hub):
            print(f"--- {program.name}\n{program.tail()}", file=sys.stderr)
        return 1
    finally:
        place.station.stop()
        place.hub.stop()
        shutil.rmtree(place.folder)


if __name__ == "__main__":
    sys.exit(main())
