#!/usr/bin/env python3
"""A station at the hub: let in, staffed, its case in the hub's queue, watched, then shut out.

Usage: hub_station.py BUILD
"""
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from hub_life import BUILD, DEPLOY, NAMES, Town, check, found, say

NODE = os.path.join(BUILD, "village-node", "village-node")
CODE = "460200001001"
PAPERS = ("--materials", "FORM,1,2,1", "--materials", "ID,1,1,4")


def wait_for(what, probe):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        answer = probe()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited in vain: {what}")


class Station:
    def __init__(self, town):
        self.town = town
        self.folder = os.path.join(town.folder, "station")
        self.process = None

    def command(self, *arguments, code=0):
        return self.town.run(NODE, "--dir", self.folder, *arguments, code=code)[0]

    def works(self, *arguments):
        return subprocess.run([NODE, "--dir", self.folder, *arguments], capture_output=True,
                              timeout=120, check=False).returncode == 0

    def ask(self, *arguments, code=0):
        return json.loads(self.command("--json", *arguments, code=code))

    def start(self):
        with open(self.town.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([NODE, "--dir", self.folder, "run"], stderr=log)
        wait_for("the station's socket",
                 lambda: os.path.exists(os.path.join(self.folder, "ctl.sock")))

    def end(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)
            self.process = None


def publish(town):
    for kind, name in (("policy", "policy/policy.txt"), ("catalogue", "catalogue/catalogue.txt"),
                       ("calendar", "calendar/cn-2026.txt")):
        with open(os.path.join(DEPLOY, name), "rb") as file:
            town.call("POST", f"/api/v1/editions/{kind}", file.read(), "leader")


def token_of(town, who):
    with open(os.path.join(town.hub, "token"), "w", encoding="utf-8") as file:
        file.write(town.tokens[who])


def let_in(town, station):
    station.command("init", "--code", CODE)
    request = os.path.join(station.folder, "enrolment.request")
    token_of(town, "leader")
    size = town.size()
    town.command("enrol", request, code=1)
    check(town.size() == size, "a refused enrolment was logged")
    token_of(town, "registrar")
    note = os.path.join(town.hub, "trust.note")
    os.rename(note, note + ".away")
    town.command("enrol", request, code=6)
    check(town.size() == size, "enrolled though no bundle could be made")
    os.rename(note + ".away", note)
    town.command("enrol", request, "--out", "station.bundle")
    check(town.size() == size + 2, "station and audience are two leaves")
    town.command("enrol", request, "--out", "again.bundle")
    check(town.size() == size + 2, "the same request again is no event")
    station.command("join", town.file("station.bundle"), "--root", town.file("root/root.pub"))
    say("a station let in by the registrar, once")


def employ(town, name, folder, roles, place):
    town.file("words.pass", "words of the village\n")
    out, _ = town.command("--json", "staff", "enrol", "--name", name, "--keys",
                          os.path.join(folder, "keys"), "--password-file", "words.pass")
    person = json.loads(out)["staff"]
    answer = town.call("POST", f"/api/v1/staff/{person}/grants",
                       {"roles": roles, "station": place}, "leader")
    check(answer["reads"] is True, f"{name} reads nothing")
    return person


def hand_up(town, station, worker):
    """A case goes up, lies in the queue, and its sealed part opens at the hub."""
    # The log's size comes with the greeting, its people only with the feed behind it.
    wait_for("the station knows its people",
             lambda: station.works("unlock", worker, "--password-file", town.file("words.pass")))
    name = "金丝雀"
    person = ("--name", name, "--id-number", "999999196203150013", "--phone", "19900000001")
    contact = station.ask("contact", "received", "--channel", "1", "--item", "I04", *person,
                          "--text", "来问残疾证")["record"]
    case = station.ask("case", "opened", "--item", "I04", "--contact", contact, *PAPERS,
                       *person)["record"]
    station.command("case", "accepted", "--record", case, *PAPERS)
    check(town.call("GET", "/api/v1/queue")["cases"] == [], "the hub has it before it was given")
    station.command("case", "submitted_up", "--record", case)
    cases = wait_for("the case in the hub's queue",
                     lambda: town.call("GET", "/api/v1/queue")["cases"])
    check([c["record"] for c in cases] == [case], f"queue: {cases}")
    check(cases[0]["station"] == CODE and cases[0]["item"] == "I04", f"queue: {cases}")
    check(cases[0]["number"] == station.ask("show", case)["number"], "another number at the hub")
    check(len(cases[0]["due"]) == 10, f"no due day: {cases}")
    # A sealed part comes up behind the event that names it.
    wait_for("the sealed part opens to the operator",
             lambda: name in json.dumps(town.call("GET", f"/api/v1/records/{case}?open=1", None,
                                                  "operator"), ensure_ascii=False))
    events = town.call("GET", f"/api/v1/records/{case}/events", None, "operator")["events"]
    check([e["standing"] for e in events] == ["accepted"] * 3, f"events: {events}")
    say("a case went up; the queue shows it under the station's own number")
    return case


def receive(town, case):
    status, content = town.ask("POST", "/api/v1/events", {
        "case": {"verb": "received_at_hub"}, "record": case}, "registrar")
    check(status == 409, f"the registrar works the case: {content}")
    town.call("POST", "/api/v1/events", {"case": {"verb": "received_at_hub"}, "record": case},
              "operator")
    cases = town.call("GET", "/api/v1/queue")["cases"]
    check(cases[0]["state"] == "hub_processing", f"queue: {cases}")
    town.end(signal.SIGKILL)
    town.start()
    check(town.call("GET", "/api/v1/queue")["cases"] == cases, "the queue after a kill")
    say("received at the hub; the queue is the same after a kill")


def flood(town, station):
    """More idle connections than the hub has descriptors: a station that is in goes on."""
    wait_for("the station is back", lambda: station.ask("status")["connected"])
    pid = town.daemon.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    limit = len(os.listdir(f"/proc/{pid}/fd")) + 60
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    with open(os.path.join(town.hub, "endpoint"), encoding="utf-8") as text:
        port = int(text.read().rsplit(":", 1)[1])
    idle = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(150)]
    wait_for("the hub's descriptors are gone",
             lambda: len(os.listdir(f"/proc/{pid}/fd")) >= limit - 2)
    kept = int(station.ask("contact", "received", "--channel", "1", "--item", "I04")["seq"])
    wait_for("an event is accepted meanwhile",
             lambda: int(station.ask("status")["accepted"]) == kept)
    for one in idle:
        one.close()
    wait_for("descriptors are given back", lambda: len(os.listdir(f"/proc/{pid}/fd")) < limit - 30)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    say("150 idle connections took all descriptors of the hub; the station's event was accepted")


def shut_out(town, station, worker):
    town.unlock("registrar", NAMES["registrar"], "registrar words here")
    found_one = wait_for("the station is back", lambda: [
        s for s in town.call("GET", "/api/v1/stations")["stations"] if s["connected"]])
    check(found_one[0]["code"] == CODE and found_one[0]["seq"] == "5", f"watch: {found_one}")
    check(found_one[0]["silent"] is False, "silent while it speaks")
    text, _ = town.command("metrics")
    check(f'jieli_outbox_records{{station="{CODE}"}} 0' in text, "backlog of the station")
    size = town.size()
    town.call("POST", f"/api/v1/staff/{worker}/revoke", None, "registrar")
    check(town.size() == size + 2, "revocation and the audience without him")
    listed = {p["staff"]: p for p in town.call("GET", "/api/v1/staff")["staff"]}
    check(listed[worker]["revoked"] is True, "not revoked")
    token_of(town, "registrar")
    town.command("station", "revoke", CODE)
    check(town.call("GET", "/api/v1/stations")["stations"] == [], "revoked but watched")
    town.command("station", "revoke", CODE, code=2)
    say("the worker and the station revoked")


def play(town, station):
    found(town)
    town.start()
    town.unlock("leader", NAMES["leader"], "leader words here")
    town.unlock("registrar", NAMES["registrar"], "registrar words here")
    publish(town)
    let_in(town, station)
    worker = employ(town, "何窗口", station.folder, "worker,window_head", CODE)
    employ(town, NAMES["operator"], town.hub, "hub_operator", "hub")
    town.unlock("operator", NAMES["operator"], "words of the village")
    station.start()
    case = hand_up(town, station, worker)
    receive(town, case)
    flood(town, station)
    shut_out(town, station, worker)
    station.end()
    check(town.end(signal.SIGTERM) == 0, "SIGTERM does not end it cleanly")
    out, _ = town.command("--json", "check")
    check(json.loads(out)["ok"], out)


def main():
    town = Town(tempfile.mkdtemp(prefix="jieli-hub-"))
    station = Station(town)
    try:
        play(town, station)
        return 0
    except AssertionError as error:
        print(f"hub_station: {error}", file=sys.stderr)
        if os.path.exists(town.log):
            print(open(town.log, encoding="utf-8").read()[-4000:], file=sys.stderr)
        return 1
    finally:
        for process in (station.process, town.daemon):
            if process is not None:
                process.kill()
                process.wait()
        shutil.rmtree(town.folder)


if __name__ == "__main__":
    sys.exit(main())
