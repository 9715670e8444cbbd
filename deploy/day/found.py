"""The town before its day begins: root, hub, people, editions, stations, auditors."""

import datetime
import os
import subprocess
import time

from town import Person, Program, StepFailed, api, file_with, free_port

STATIONS = (("460200001001", "沿湖村"), ("460200001002", "河口村"), ("460200001003", "山下村"))


class Day:
    """Everything of the demo, and the narrator."""

    hub_code = "460200001"
    origin = "hub.xian.zhen.jieli"

    def __init__(self, build, root, folder, offset_ms):
        self.build = build
        self.root = root
        self.folder = folder
        self.offset_ms = offset_ms
        self.steps = 0
        self.people = {}
        self.listener = None
        self.logs = os.path.join(folder, "logs")
        os.mkdir(self.logs)
        self.hub = self.program("township-hub", "hub")
        self.stations = [self.program("village-node", f"station{i}") for i in (1, 2, 3)]
        self.auditors = [self.program("district-auditor", f"auditor{i}") for i in (1, 2)]
        self.district = self.program("district-auditor", "root")

    def program(self, name, folder):
        return Program(os.path.join(self.build, name, name), os.path.join(self.folder, folder),
                       self.logs)

    def path(self, name):
        return os.path.join(self.folder, name)

    def step(self, who, what, law):
        self.steps += 1
        print(f"\n[{self.steps:2}] {who}：{what}")
        if law:
            print(f"     依据 / law: {law}")

    def told(self, text):
        print(f"     → {text}")

    def hear_doorbells(self):
        """Keeps what the hub's doorbell says from now on."""
        peer = os.path.join(self.build, "tests", "scenario", "peer")
        auditor = self.auditors[0]
        with open(os.path.join(self.logs, "doorbells"), "wb") as out:
            self.listener = subprocess.Popen(
                [peer, "listen", auditor.folder, self.path(f"{auditor.name}.bundle")], stdout=out)

    def stop(self):
        if self.listener is not None:
            self.listener.kill()
            self.listener.wait()
        for program in [*self.stations, self.hub]:
            program.stop()

    def run_options(self):
        return ("--drill", "--clock-offset", str(self.offset_ms))

    def move(self, **time):
        """Days and hours pass for everybody."""
        self.offset_ms += int(datetime.timedelta(**time).total_seconds() * 1000)
        for program in [self.hub, *self.stations]:
            if program.running():
                api(program, "POST", "/api/v1/drill/clock", {"offset_ms": self.offset_ms})

    def now(self):
        china = datetime.timezone(datetime.timedelta(hours=8))
        moment = datetime.datetime.fromtimestamp(time.time() + self.offset_ms / 1000, china)
        return moment.strftime("%Y-%m-%d %H:%M")

    def password(self, name):
        return file_with(self.path(f"password.{name}"), f"合成口令 {name} 9f2k\n")


def must(condition, what):
    if not condition:
        raise StepFailed(what)


def make_root(day):
    day.step("区里", "建立区级信任根，签发镇中心", "区级是信任的起点（evidence 7）")
    day.district.command("root", "init", "--password-file", day.password("root"))


def make_hub(day):
    """Signed by the root of day.district."""
    day.hub.command("init", "--code", day.hub_code, "--origin", day.origin,
                    "--endpoint", f"tcp://127.0.0.1:{free_port()}",
                    "--bell-endpoint", f"tcp://127.0.0.1:{free_port()}")
    _, note, _ = day.district.command("root", "sign",
                                      os.path.join(day.hub.folder, "enrolment.request"),
                                      "--password-file", day.password("root"))
    with open(day.path("trust.note"), "wb") as out:
        out.write(note)
    day.hub.command("trust", day.path("trust.note"), "--root",
                    os.path.join(day.district.folder, "root.pub"))
    answer = day.hub.ask("found", "--leader", "周主任", "--leader-password-file",
                         day.password("leader"), "--registrar", "钱登记",
                         "--registrar-password-file", day.password("registrar"),
                         "--clock-offset", str(day.offset_ms))
    day.people["leader"] = Person(day.hub, "周主任", answer["leader"], day.password("leader"),
                                  "镇中心")
    day.people["registrar"] = Person(day.hub, "钱登记", answer["registrar"],
                                     day.password("registrar"), "镇中心")
    day.hub.start(*day.run_options())
    day.told("镇中心已启动")


def publish(day):
    day.step("镇中心周主任", "发布事项目录、参数和工作日历", "S4-1 事项逐级审定；数字只在参数里，不在程序里")
    day.people["leader"].sit_down()
    deploy = os.path.join(day.root, "deploy")
    for kind, names in (("policy", ["policy/policy.txt"]),
                        ("catalogue", ["catalogue/catalogue.txt"]),
                        ("calendar", ["calendar/cn-2026.txt"])):
        day.hub.command("publish", kind, *[os.path.join(deploy, name) for name in names])
    bad = file_with(day.path("bad-policy.txt"), "clock.start_offset = 明天\n")
    code, _, err = day.hub.command("publish", "policy", bad, check=False)
    must(code != 0 and ":1:" in err, f"a bad policy file was not refused with its line: {err}")
    day.told("有错的参数文件整份被拒，指出行号，旧版继续有效：" + err.strip().splitlines()[0])


def enrol(day, machine, request, bundle):
    day.people["registrar"].sit_down()
    day.hub.command("enrol", os.path.join(machine.folder, request), "--out", bundle)


def make_stations(day):
    day.step("镇中心钱登记", "三个村站入网，两位区审计员入网", "S0-A3(二) 受镇中心委托；逐级登记")
    for station, (code, _) in zip(day.stations, STATIONS):
        station.command("init", "--code", code)
        bundle = day.path(f"{station.name}.bundle")
        enrol(day, station, "enrolment.request", bundle)
        station.command("join", bundle, "--root", os.path.join(day.district.folder, "root.pub"))
    for auditor in day.auditors:
        auditor.command("init", "--root", os.path.join(day.district.folder, "root.pub"),
                        "--code", "460200")
        let_listen(day, auditor)


def let_listen(day, auditor):
    """The hub of day takes the auditor in."""
    bundle = day.path(f"{auditor.name}.bundle")
    enrol(day, auditor, "enrolment.request", bundle)
    auditor.command("join", bundle)


# Made up, and of nobody: they stand on the rota and on slips, and never in the log.
STAFF_PHONES = {"worker1": "19900000011", "head1": "19900000012", "agent1": "0898-00000013"}


def tell_phone(day, key, keys):
    """Told at the hub; the station's PC gets it with the key and the name."""
    number = STAFF_PHONES.get(key)
    if number is not None:
        day.hub.command("staff", "phone", day.people[key].staff, number, "--keys", keys)


def employ(day, key, name, title, where, roles):
    """The registrar enrols a key, another person - the leader - grants the roles."""
    machine = day.hub if where is None else day.stations[where]
    place = "hub" if where is None else STATIONS[where][0]
    secret = day.password(key)
    day.people["registrar"].sit_down()
    keys = os.path.join(machine.folder, "keys")
    answer = day.hub.ask("staff", "enrol", "--name", name, "--station", place,
                         "--new-password-file", secret, "--keys", keys)
    day.people[key] = Person(machine, name, answer["staff"], secret, title)
    tell_phone(day, key, keys)
    day.grants.append((answer["staff"], roles, place))


def make_staff(day):
    day.step("钱登记、周主任", "登记人员由登记员办，授予职责由主任办，谁也不能给自己授权",
             "4.2 职责分离；S2-5.3.2 AB岗")
    day.grants = []
    employ(day, "clerk", "吴经办", "镇中心", None, "hub_operator")
    employ(day, "worker1", "陈窗口", "沿湖村", 0, "worker,window_head,custodian")
    employ(day, "head1", "郑站长", "沿湖村", 0, "station_head")
    employ(day, "agent1", "林代办", "沿湖村", 0, "agent")
    employ(day, "worker2", "何窗口", "河口村", 1, "worker,custodian")
    employ(day, "worker3", "苏窗口", "山下村", 2, "worker,custodian")
    day.people["leader"].sit_down()
    for staff, roles, place in day.grants:
        day.hub.command("staff", "grant", staff, "--roles", roles, "--station", place)
    day.told("窗口、代办员、镇中心经办各有自己的密钥文件，共用一台电脑也分得清")


def found(day):
    make_root(day)
    make_hub(day)
    publish(day)
    make_stations(day)
    make_staff(day)
    for station in day.stations:
        station.start(*day.run_options())
