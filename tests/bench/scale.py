"""(g) memory and start-up of each daemon over logs of different length: flat, or not."""

import os
import shutil
import subprocess
import time

from audit import fill
from hub import Hub
from machine import memory_kb, run_s
from town import StepFailed, api
from world import MEASURED, Program, offset_ms

SETTLE_S = 1.5
STARTS = 3


def start(program, *options, preexec=None):
    """Starts a daemon; (seconds, CPU seconds) until its control socket answers."""
    with open(program.log, "ab") as log:
        started = time.monotonic()
        program.process = subprocess.Popen(
            [program.binary, "run", "--dir", program.folder, *options], stdout=log, stderr=log,
            preexec_fn=preexec)
    while time.monotonic() - started < 600:
        if program.process.poll() is not None:
            raise StepFailed(f"{program.name} ended: {program.tail()}")
        try:
            if api(program, "GET", "/api/v1/status")[0] == 200:
                return time.monotonic() - started, run_s(program.process.pid)
        except (OSError, ValueError):
            pass
        time.sleep(0.002)
    raise StepFailed(f"{program.name} does not answer: {program.tail()}")


def measure(program, *options):
    """Started anew on its store: best start of three, RssAnon when it has settled."""
    ready = []
    for _ in range(STARTS):
        program.stop()
        ready.append(start(program, *options))
    time.sleep(SETTLE_S)
    return {**starts_of(ready), "rss_anon_kb": memory_kb(program.process.pid)}


def starts_of(ready):
    return {"start_ms": round(min(one[0] for one in ready) * 1000, 1),
            "start_cpu_ms": round(min(one[1] for one in ready) * 1000, 1)}


def run_watched(program, *words):
    """A command to its end: (seconds, CPU seconds, greatest RssAnon seen in kB)."""
    most, started = 0, time.monotonic()
    with open(program.log, "ab") as log:
        process = subprocess.Popen([program.binary, *words, "--dir", program.folder],
                                   stdout=log, stderr=log)
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended != 0:
            break
        most = max(most, memory_kb(process.pid))
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise StepFailed(f"{' '.join(words)}: {program.tail()}")
    return time.monotonic() - started, used.ru_utime + used.ru_stime, most


class Point:
    """Hub, station and auditor over one log of count events."""

    def __init__(self, options, count, say):
        self.options = options
        self.count = count
        self.say = say
        self.clock = ("--drill", "--clock-offset", str(offset_ms(MEASURED)))
        self.hub = Hub(options, "hub-g")
        self.station = self.copy("village-node", "station1")
        self.auditor = self.copy("district-auditor", "auditor")

    def copy(self, name, source):
        folder = self.options.world.copy(source, os.path.join(self.options.work, source + "-g"))
        return Program(self.options.builds.program(name), folder, self.options.world.logs)

    def run(self, events):
        found = {}
        size = fill(self.options, self.hub.folder, events, self.count, 1)
        try:
            found["hub"] = measure(self.hub.program, *self.clock)
            for name, one in (("station", self.measure_station),
                              ("auditor", lambda: self.measure_auditor(size))):
                try:
                    found[name] = one()
                except (StepFailed, RuntimeError, OSError, subprocess.TimeoutExpired) as why:
                    found[name] = {"failed": str(why)}
                    self.say(f"g: {name} with {self.count} events: {why}")
        finally:
            self.station.stop()
            self.hub.stop()
            for program in (self.hub.program, self.station, self.auditor):
                shutil.rmtree(program.folder, ignore_errors=True)
        return found

    def measure_station(self):
        """It is as new, so it fetches its own chain back from the hub, then starts anew."""
        started = time.monotonic()
        start(self.station, *self.clock)
        deadline = started + self.options.restore_s
        most = 0
        while not self.restored():
            if time.monotonic() > deadline:
                raise StepFailed(f"the station has not fetched {self.count} events after "
                                 f"{self.options.restore_s} s")
            most = max(most, memory_kb(self.station.process.pid))
            time.sleep(0.2)
        restored = time.monotonic() - started
        return {**measure(self.station, *self.clock), "restored_s": round(restored, 1),
                "rss_anon_most_kb": most}

    def restored(self):
        """It has fetched back all events of its former life and told the hub of its new one."""
        status = api(self.station, "GET", "/api/v1/status")[1]
        return status["restored"] and not status["restoring"] and status["backlog"] == "0"

    def measure_auditor(self, size):
        mirrored, _, most = run_watched(self.auditor, "follow", "--once")
        again = [run_watched(self.auditor, "follow", "--once") for _ in range(STARTS)]
        answer = self.auditor.ask("status")
        if int(answer["verified"]) < size or int(answer["findings"]) != 0:
            raise RuntimeError(f"the auditor does not agree: {answer}")
        with open(self.auditor.log, "ab") as log:
            process = subprocess.Popen([self.auditor.binary, "follow", "--dir",
                                        self.auditor.folder], stdout=log, stderr=log)
        time.sleep(SETTLE_S + min(one[0] for one in again))
        memory = memory_kb(process.pid)
        process.terminate()
        process.wait(timeout=20)
        return {**starts_of(again), "rss_anon_kb": memory, "rss_anon_most_kb": most,
                "replayed_s": round(mirrored, 1)}


def flat(points, daemon, name):
    """Greatest over smallest figure."""
    values = [point[daemon][name] for point in points.values() if name in point[daemon]]
    return max(values) / max(min(values), 0.1) if len(values) == len(points) else None


def scale(options, say):
    events = options.world.events(max(options.sizes), 1, say)
    points = {}
    for count in options.sizes:
        say(f"g: {count} events")
        points[count] = Point(options, count, say).run(events)
    return {"what": "one station's events; start until the control socket answers (auditor: a "
                    "whole follow --once that finds nothing new), best of three; RssAnon settled, "
                    "and the most seen while all was restored or replayed",
            "points": points,
            "flat": {daemon: {name: flat(points, daemon, name)
                              for name in ("start_cpu_ms", "rss_anon_kb")}
                     for daemon in ("hub", "station", "auditor")}}
