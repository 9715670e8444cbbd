#!/usr/bin/env python3
"""Kills station and hub with SIGKILL under load, round after round, and counts in which phase each
kill fell. No event that was called kept or accepted may be lost, none may take effect twice.

  tests/scenario/kill-loop --rounds 500
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "deploy", "day"))
import found  # noqa: E402
from town import StepFailed, api, wait_for  # noqa: E402

PHASES = ("before commit", "after commit before answer", "after answer")


class Load(threading.Thread):
    """Writes contacts one after another; remembers each that was acknowledged."""

    def __init__(self, person):
        super().__init__(daemon=True)
        self.person = person
        with open(os.path.join(person.program.folder, "token"), encoding="utf-8") as text:
            self.token = text.read().strip()
        self.acknowledged = []
        self.sent = 0
        self.ending = False

    def run(self):
        while not self.ending:
            self.sent += 1
            try:
                status, answer = api(self.person.program, "POST", "/api/v1/events",
                                     {"contact": {"verb": "received", "channel": 1,
                                                  "item": "I56"},
                                      "matter": {"text": "咨询"}}, self.token)
            except (OSError, ValueError):
                return
            if status not in (200, 201):
                return
            self.acknowledged.append((int(answer["seq"]), answer["id"]))

    def end(self):
        self.ending = True
        if self.is_alive():
            self.join(30)


def head_seq(day):
    """Newest seq of station 1's chain in the hub's log."""
    watched = day.hub.ask("watch")
    for station in watched["stations"]:
        if station["code"] == found.STATIONS[0][0]:
            return int(station["seq"])
    raise StepFailed(f"watch does not know the station: {watched}")


class Rounds:
    def __init__(self, day, seed):
        self.day = day
        self.station = day.stations[0]
        self.worker = day.people["worker1"]
        self.random = random.Random(seed)
        self.counts = {("hub", phase): 0 for phase in PHASES}
        self.counts.update({("station", phase): 0 for phase in PHASES})
        self.acknowledged = []

    def status(self):
        return self.station.ask("status")

    def check_kept(self):
        kept = int(self.status()["kept"])
        newest = max((seq for seq, _ in self.acknowledged), default=0)
        if kept < newest:
            raise StepFailed(f"seq {newest} was acknowledged, the station has {kept}")
        return kept

    def kill_hub(self):
        load = Load(self.worker)
        load.start()
        time.sleep(self.random.uniform(0.05, 0.5))
        quiet = self.random.random() < 0.25
        if quiet:
            load.end()
            self.drain()
        self.day.hub.kill()
        time.sleep(self.random.uniform(0.0, 0.05))
        load.end()
        self.acknowledged += load.acknowledged
        self.station.command("drill", "link", "down")
        status = self.status()
        self.day.hub.start(*self.day.run_options())
        logged, accepted = head_seq(self.day), int(status["accepted"])
        if logged < accepted:
            raise StepFailed(f"the hub has {logged}, the station was promised {accepted}")
        phase = (PHASES[1] if logged > accepted else
                 PHASES[0] if int(status["kept"]) > logged else PHASES[2])
        self.counts[("hub", phase)] += 1
        self.station.command("drill", "link", "up")
        self.drain()

    def kill_station(self):
        self.worker.sit_down()
        load = Load(self.worker)
        load.start()
        time.sleep(self.random.uniform(0.05, 0.3))
        if self.random.random() < 0.25:
            load.end()
        self.station.kill()
        load.end()
        self.acknowledged += load.acknowledged
        self.station.start(*self.day.run_options())
        kept = self.check_kept()
        newest = max((seq for seq, _ in load.acknowledged), default=0)
        in_flight = load.sent > len(load.acknowledged)
        phase = (PHASES[1] if kept > newest and in_flight and newest > 0 else
                 PHASES[0] if in_flight else PHASES[2])
        self.counts[("station", phase)] += 1
        self.drain()

    def drain(self):
        wait_for("the backlog to drain", lambda: int(self.status()["backlog"]) == 0, seconds=120)
        status = self.status()
        if int(status["accepted"]) != self.check_kept():
            raise StepFailed(f"not everything was accepted: {status}")

    def audit(self):
        """Every acknowledged event stands once in the log, at its place, under its id."""
        auditor = self.day.auditors[0]
        answer = auditor.ask("follow", "--once", "--json")
        seen = {}
        for event in answer if isinstance(answer, list) else [answer]:
            if event.get("type") == "cn.jieli.event.v1":
                seen[event["id"]] = seen.get(event["id"], 0) + 1
        lost = [id_ for _, id_ in self.acknowledged if id_ not in seen]
        twice = [id_ for id_, count in seen.items() if count > 1]
        verified = auditor.ask("status")
        if lost or twice or verified["findings"] != 0 or verified["gaps"] != 0:
            raise StepFailed(f"lost {len(lost)}, twice {len(twice)}, {verified}")
        return verified["verified"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="jieli-kill-")
    day = found.Day(os.path.abspath(options.build), ROOT, folder, 0)
    code = 0
    try:
        found.found(day)
        rounds = Rounds(day, options.seed)
        for number in range(options.rounds):
            rounds.worker.sit_down()
            if number % 3 == 2:
                rounds.kill_station()
            else:
                rounds.kill_hub()
        verified = rounds.audit()
        for (who, phase), count in sorted(rounds.counts.items()):
            print(f"{who:8} killed {phase:28} {count}")
        print(f"rounds {options.rounds}, acknowledged {len(rounds.acknowledged)}, "
              f"verified {verified}, lost 0, twice 0")
    except StepFailed as failure:
        print(f"kill-loop: {failure}", file=sys.stderr)
        print(day.hub.tail(), day.stations[0].tail(), file=sys.stderr)
        code = 1
    finally:
        day.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
