#!/usr/bin/env python3
"""Two stations, one goes into the other: renamed, cases under way, one of them offline, a hub
killed half way; after catching up all agree, and an auditor who has the events alone.

Usage: station_merge.py BUILD
"""
import json
import shutil
import sys
import tempfile
import time

from station_offline import APPLICANT, Place, StepFailed, found, is_seated, must, say
from town import Person, wait_for

OLD, NEXT = "460200001002", "460200001001"
PAPERS = ["FORM,1,2,1", "ID,1,1,4"]


def day_from_now(days):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600 + days * 86400))


def join(place, station, code, people):
    """One station with its window people; key files on its own PC."""
    station.command("init", "--code", code)
    place.people["registrar"].sit_down()
    bundle = place.path("bundle." + code)
    place.hub.command("enrol", station.folder + "/enrolment.request", "--out", bundle)
    station.command("join", bundle, "--root", place.path("root/root.pub"))
    for key in people:
        place.people["registrar"].sit_down()
        staff = place.hub.ask("staff", "enrol", "--name", key, "--station", code,
                              "--new-password-file", place.password(key), "--keys",
                              station.folder + "/keys")["staff"]
        place.people["leader"].sit_down()
        place.hub.command("staff", "grant", staff, "--roles", "worker,window_head", "--station",
                          code)
        place.people[key] = Person(station, key, staff, place.password(key), key)
    station.start()
    wait_for("people at " + code, lambda: is_seated(place.people[people[0]]))


def take_in(worker):
    contact = worker.act("contact", "received", channel=1, item="I04", text="来问残疾证",
                         again="renewed", **APPLICANT)
    return worker.act("case", "opened", item="I04", contact=contact["record"], materials=PAPERS,
                      again="renewed", **APPLICANT)


def synced(station):
    station.command("sync", "--timeout", "60")
    return True


def publish(place, *lines):
    place.people["leader"].sit_down()
    path = place.path("stations.txt")
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"station {NEXT} 红旗村便民服务站\nstation {OLD} 沿湖村便民服务站\n")
        out.writelines(line + "\n" for line in lines)
    return place.hub.command("publish", "stations", path, check=False)


def under_way(place):
    """Three cases at the old station: accepted, examined, and one that only it knows of."""
    old = place.people["oldworker"]
    first, second = take_in(old), take_in(old)
    old.act("case", "accepted", record=first["record"])
    synced(place.old)
    place.hub.stop()
    wait_for("the link is gone", lambda: not place.old.ask("status")["connected"])
    third = take_in(old)
    place.old.stop()
    place.hub.start()
    say("two cases are known at the hub, a third at the old station alone, which is off now")
    return first, second, third


def merged(place, first):
    hub = place.hub
    code, _, _ = publish(place, f"merged {OLD} {day_from_now(-1)} {NEXT}",
                         f"renamed {NEXT} {day_from_now(0)} 红旗社区便民服务站",
                         f"merged {OLD} {day_from_now(0)} {NEXT}")
    must(code != 0, "a station that is merged twice")
    code, _, err = publish(place, f"renamed {NEXT} {day_from_now(0)} 红旗社区便民服务站",
                           f"merged {OLD} {day_from_now(0)} {NEXT}")
    must(code == 0, f"publish stations: {err}")
    listed = hub.ask("station", "handover", OLD, "--check")
    must(listed["check"] and any(one["machine"] == "case" for one in listed["machines"]) and
         listed["into"] == NEXT, f"what is to be handed over: {listed}")
    outsider = hub.ask("station", "handover", OLD, "--to", "周主任")
    answers = outsider if isinstance(outsider, list) else [outsider]
    left = [one for answer in answers for one in answer.get("left", [])]
    must(all(int(answer["moved"]) == 0 for answer in answers) and left != [] and
         "任职" in json.dumps(left, ensure_ascii=False), f"to who works elsewhere: {outsider}")
    hub.kill()
    hub.start()
    place.people["leader"].sit_down()
    done = hub.ask("station", "handover", OLD, "--to", "nextworker")
    answers = done if isinstance(done, list) else [done]
    must(sum(int(answer["moved"]) for answer in answers) >= 2, f"handed over: {done}")
    hub.kill()
    hub.start()
    shown = json.dumps(hub.ask("show", first["number"]), ensure_ascii=False)
    must(place.people["nextworker"].staff in shown, f"kept behind the answer: {shown}")
    say("a merger twice is refused; who works elsewhere gets nothing; killed: it stands")


def caught_up(place, first, second, third):
    """The old one comes back: its case counts, takes nothing new in, and is handed over, too."""
    hub, new = place.hub, place.people["nextworker"]
    place.old.start()
    old = place.people["oldworker"]
    synced(place.old)
    refused = old.act("contact", "received", check=False, channel=1, item="I04", text="再来问",
                      again="renewed", **APPLICANT)
    must(refused["_exit"] != 0 and "并入" in refused["_stderr"] + json.dumps(
        refused, ensure_ascii=False), f"taken in after the merger: {refused}")
    place.people["leader"].sit_down()
    again = hub.ask("station", "handover", OLD, "--to", "nextworker")
    answers = again if isinstance(again, list) else [again]
    must(sum(int(answer["moved"]) for answer in answers) >= 1, f"the third case: {again}")
    last = hub.ask("station", "handover", OLD, "--check")
    must(last["machines"] == [], f"something is left: {last}")
    synced(place.station)
    synced(place.old)
    for case in (second, third):
        wait_for("the next station has " + case["number"], lambda record=case["record"]:
                 place.station.command("show", record, check=False)[0] == 0)
    new.act("case", "accepted", record=second["record"])
    new.act("case", "accepted", record=third["record"])
    for case in (first, second, third):
        must(place.station.ask("show", case["number"])["record"] == case["record"],
             f"the number of the old slip: {case['number']}")
    # The old one has not been told whose it is now: what it writes comes back from the hub.
    old.act("case", "accepted", record=second["record"])
    synced(place.old)
    tasks = json.dumps(place.old.ask("tasks")["tasks"], ensure_ascii=False)
    must(second["number"] in tasks or second["record"] in tasks, f"nothing came back: {tasks}")
    synced(place.station)
    say("caught up: the third case came along; the next station goes on under the old numbers")


def audited(place):
    auditor = place.program("district-auditor", "auditor")
    auditor.command("init", "--root", place.path("root/root.pub"), "--code", "460200")
    place.people["registrar"].sit_down()
    bundle = place.path("auditor.bundle")
    place.hub.command("enrol", auditor.folder + "/enrolment.request", "--out", bundle)
    auditor.command("join", bundle)
    place.hub.command("log", "export", place.path("export"))
    code, out, _ = auditor.command("verify", place.path("export"), "--json", check=False)
    answer = json.loads(out)
    must(code == 0 and answer["findings"] == 0 and answer["gaps"] == 0 and
         answer["verified"] == answer["size"], f"the auditor: {answer}")
    say(f"an auditor judged {answer['verified']} events again: no gap, no finding")


def main():
    place = Place(sys.argv[1], tempfile.mkdtemp(prefix="jieli-merge-"))
    place.old = place.program("village-node", "old")
    try:
        found(place)
        join(place, place.station, NEXT, ["nextworker"])
        join(place, place.old, OLD, ["oldworker"])
        cases = under_way(place)
        merged(place, cases[0])
        caught_up(place, *cases)
        audited(place)
        return 0
    except StepFailed as error:
        print(f"station_merge: {error}", file=sys.stderr)
        for program in (place.station, place.old, place.hub):
            print(f"--- {program.name}\n{program.tail()}", file=sys.stderr)
        return 1
    finally:
        place.station.stop()
        place.old.stop()
        place.hub.stop()
        shutil.rmtree(place.folder)


if __name__ == "__main__":
    sys.exit(main())
