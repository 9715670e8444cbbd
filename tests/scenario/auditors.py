#!/usr/bin/env python3
"""Two auditors over two hubs: one hears everything, the other starts late, misses 30 % of the
doorbells and is killed and stopped on the way. In the end both print the same, byte for byte.

Usage: auditors.py BUILD
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "deploy", "day"))
import found  # noqa: E402
from town import StepFailed, api, wait_for  # noqa: E402

BURSTS = 30
DEAF = "30"


def must(condition, what):
    if not condition:
        raise StepFailed(what)


class Follower:
    """district-auditor follow, as long as it is left to run."""

    def __init__(self, auditor, *options):
        self.auditor = auditor
        self.options = options
        self.out = auditor.log + ".stream"
        self.err = auditor.log
        self.process = None

    def start(self):
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.process = subprocess.Popen(
                [self.auditor.binary, "follow", "--json", "--dir", self.auditor.folder,
                 *self.options], stdout=out, stderr=err)

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        must(number == signal.SIGKILL or code == 0, f"follow ended with {code}")
        self.process = None

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def rings(self):
        """Doorbells of all runs that ended by themselves: heard and not heard."""
        with open(self.err, encoding="utf-8") as text:
            pairs = re.findall(r"(\d+) doorbells, (\d+) not heard", text.read())
        return sum(int(all_) for all_, _ in pairs), sum(int(lost) for _, lost in pairs)

    def events(self):
        """Leaf indexes streamed, by hub, in the order they came."""
        indexes = {}
        with open(self.out, encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                if event.get("type") == "cn.jieli.event.v1":
                    indexes.setdefault(event["source"], []).append(event["leafindex"])
        return indexes


def second_hub(build, folder, first):
    """Another township under the same district root, with its leader and registrar."""
    os.mkdir(folder)
    day = found.Day(build, ROOT, folder, first.offset_ms)
    day.hub_code, day.origin = "460200002", "hub.lin.zhen.jieli"
    day.district = first.district
    found.make_hub(day)
    found.publish(day)
    for auditor in first.auditors:
        found.let_listen(day, auditor)
    return day


def burst(day, number):
    """A few events at the station and, now and then, one at the second hub."""
    worker = day.people["worker1"]
    worker.sit_down()
    with open(os.path.join(worker.program.folder, "token"), encoding="utf-8") as text:
        token = text.read().strip()
    for _ in range(3):
        status, answer = api(worker.program, "POST", "/api/v1/events",
                             {"contact": {"verb": "received", "channel": 1, "item": "I56"},
                              "matter": {"text": f"咨询 {number}"}}, token)
        must(status in (200, 201), f"{status} {answer}")
    if number % 5 == 0:
        day.second.people["registrar"].sit_down()
        day.second.grants = []
        found.employ(day.second, f"clerk{number}", f"经办{number}", "镇中心", None, "hub_operator")
    time.sleep(0.1)


def a_case(day):
    """Something for the report: a case accepted and one withdrawn."""
    worker = day.people["worker1"]
    person = {"name": "金丝雀", "id_number": "999999196203150013", "phone": "19900000001"}
    contact = worker.act("contact", "received", channel=1, item="I04", text="咨询", **person)
    case = worker.act("case", "opened", item="I04", contact=contact["record"],
                      materials=["FORM,1,2,1", "ID,1,1,4"], **person)["record"]
    worker.act("case", "accepted", record=case, materials=["FORM,1,2,1", "ID,1,1,4"])
    worker.act("case", "submitted_up", record=case)


def work(day, late):
    """The late auditor comes after a third, is killed, comes again, is stopped, comes again."""
    for number in range(BURSTS):
        if number in (BURSTS // 3, BURSTS // 2, BURSTS * 3 // 4):
            late.start()
        burst(day, number)
        if number == BURSTS // 2 - 2:
            late.end(signal.SIGKILL)
        if number == BURSTS * 3 // 4 - 2:
            late.end(signal.SIGTERM)
    a_case(day)
    wait_for("all is accepted", lambda: int(day.stations[0].ask("status")["backlog"]) == 0)


def printed(auditor):
    auditor.command("follow", "--once")
    return [auditor.command(*words)[1] for words in
            (("status",), ("status", "--json"), ("report",), ("report", "--json"),
             ("report", "--lang", "en", "--as-of", "2026-12-31"), ("findings", "--json"))]


def compare(day, always, late):
    sizes = [int(one.hub.ask("status")["size"]) for one in (day, day.second)]
    mine, theirs = (printed(auditor) for auditor in day.auditors)
    must(mine == theirs, f"they print different things:\n{mine}\n{theirs}")
    verified = [json.loads(line) for line in mine[1].splitlines()]
    must([one["verified"] for one in verified] == sizes, f"{verified}, the hubs have {sizes}")
    must(all(one["findings"] == 0 and one["gaps"] == 0 for one in verified), f"{verified}")
    must(verified[0]["root"] != verified[1]["root"], "two hubs, one root")
    must(found.STATIONS[0][0].encode() in mine[2], f"no station in the report: {mine[2]}")
    streams = always.events()
    must(sorted(streams) == ["/cn/460200001", "/cn/460200002"], f"streams of {sorted(streams)}")
    for source, size in zip(sorted(streams), sizes):
        must(streams[source] == list(range(size)), f"{source}: not each leaf once, in order")
    rang, lost = late.rings()
    must(0 < lost < rang, f"the late one lost {lost} of {rang} doorbells")
    must(always.rings()[0] > rang and always.rings()[1] == 0, f"{always.rings()}")
    print(f"two hubs with {sizes} leaves; {lost} of {rang} doorbells lost, started late, killed "
          f"and stopped once: same root, same report of {len(mine[2])} bytes")


def main():
    build = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="jieli-auditors-")
    day = found.Day(build, ROOT, folder, 0)
    always, late = Follower(day.auditors[0]), Follower(day.auditors[1], "--drill-deaf", DEAF)
    code = 0
    day.second = None
    try:
        found.found(day)
        day.second = second_hub(build, os.path.join(folder, "second"), day)
        always.start()
        work(day, late)
        total = sum(int(one.hub.ask("status")["size"]) for one in (day, day.second))
        wait_for("the one that hears all has all",
                 lambda: sum(len(one) for one in always.events().values()) == total)
        for follower in (always, late):
            follower.end(signal.SIGTERM)
        compare(day, always, late)
    except StepFailed as failure:
        print(f"auditors: {failure}", file=sys.stderr)
        print(day.hub.tail(), file=sys.stderr)
        code = 1
    finally:
        always.stop()
        late.stop()
        day.stop()
        if day.second is not None:
            day.second.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
