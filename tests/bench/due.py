"""(h) a station with 100,000 cases inside a memory limit: what is due, a search, a case opened."""

import os
import shutil
import statistics
import subprocess
import time

from audit import fill
from hub import Hub
from machine import memory_kb, read, run_s
from scale import start
from town import StepFailed, api
from world import MEASURED, Program, offset_ms

EVENTS = 650000  # of which 100,000 cases and 44,000 consultations come
LIMIT_MB = 128
ASKED = 200
CLOCK = ("--drill", "--clock-offset", str(offset_ms(MEASURED)))


class Limit:
    """A control group of either version with that much memory; without effect where it cannot be
    made."""

    def __init__(self, megabytes):
        self.how, self.folder = "none: no memory controller can be written here", None
        for line in read("/proc/self/cgroup").splitlines():
            _, names, path = line.split(":", 2)
            first = "memory" in names.split(",")
            if not first and names:
                continue
            base = "/sys/fs/cgroup" + ("/memory" if first else "") + path
            name = "memory.limit_in_bytes" if first else "memory.max"
            try:
                folder = os.path.join(base, f"jieli-bench-{os.getpid()}")
                os.mkdir(folder)
                with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
                    out.write(str(megabytes << 20))
            except OSError:
                continue
            self.folder, self.first = folder, first
            self.how = f"cgroup v{1 if first else 2}, {megabytes} MB"
            return

    def enter(self):
        """In the child, before it becomes the program."""
        if self.folder is not None:
            with open(os.path.join(self.folder, "cgroup.procs"), "w", encoding="utf-8") as out:
                out.write(str(os.getpid()))

    def most_kb(self):
        name = "memory.max_usage_in_bytes" if self.first else "memory.peak"
        try:
            return int(read(os.path.join(self.folder, name))) // 1024
        except (OSError, TypeError):
            return None

    def close(self):
        if self.folder is not None:
            os.rmdir(self.folder)


def prepared(options, say):
    """Folder of a stopped station that has fetched EVENTS back and folded them; made once."""
    folder = options.world.path(f"station-{EVENTS}")
    if os.path.exists(folder):
        return folder
    events = options.world.events(EVENTS, 1, say)
    say("h: the hub takes them, the station fetches them back (once a build)")
    hub = Hub(options, "hub-h")
    station = Program(options.builds.program("village-node"), options.world.copy(
        "station1", os.path.join(options.work, "station1-h")), options.world.logs)
    fill(options, hub.folder, events, EVENTS, 1)
    with hub:
        start(station, *CLOCK)
        deadline = time.monotonic() + EVENTS / 100
        while not settled(station):
            if time.monotonic() > deadline:
                raise StepFailed("the station has not fetched its events back")
            time.sleep(0.5)
        station.stop()
    os.rename(station.folder, folder)
    return folder


def settled(station):
    status = api(station, "GET", "/api/v1/status")[1]
    return status["restored"] and not status["restoring"] and status["backlog"] == "0"


def timed(station, path, token=None):
    """(ms until the answer is read, the answer) over the control socket, as a page asks."""
    started = time.monotonic()
    code, answer = api(station, "GET", path, token=token)
    if code != 200:
        raise StepFailed(f"{path}: {code} {answer}")
    return (time.monotonic() - started) * 1000, answer


def ask_all(station, path, token=None):
    """First, median and worst of many."""
    times = [timed(station, path(i), token)[0] for i in range(ASKED)]
    return {"first_ms": round(times[0], 2), "ms": round(statistics.median(times), 2),
            "worst_ms": round(max(times), 2)}


def look(station, staff, password):
    """What a clerk's first minute asks of the running daemon."""
    due = ask_all(station, lambda _: "/api/v1/cases?limit=50")
    page = timed(station, "/api/v1/cases?limit=50")[1]["records"]
    ids = [record["record"] for record in page]
    found = {"due": due, "unlocked_nobody_kb": memory_kb(station.process.pid),
             "open": ask_all(station, lambda i: f"/api/v1/records/{ids[i % len(ids)]}")}
    before, started = run_s(station.process.pid), time.monotonic()
    with open(password, encoding="utf-8") as text:
        code, answer = api(station, "POST", "/api/v1/unlock",
                           {"staff": staff, "password": text.read().rstrip("\n")})
    if code != 200:
        raise StepFailed(f"unlock: {code} {answer}")
    search = "/api/v1/cases?limit=50&search=%E9%BB%8E"
    while timed(station, search, answer["token"])[1].get("partial"):
        time.sleep(0.2)
    found["names_s"] = round(time.monotonic() - started, 1)
    found["names_cpu_s"] = round(run_s(station.process.pid) - before, 1)
    found["search"] = ask_all(station, lambda _: search, answer["token"])
    found["command_ms"] = opened_by_command(station, ids[0])
    return found


def opened_by_command(station, record):
    """`village-node show` from start to end, the process included."""
    times = []
    for _ in range(10):
        started = time.monotonic()
        station.command("show", record)
        times.append((time.monotonic() - started) * 1000)
    return round(statistics.median(times), 1)


def measure_due(options, folder):
    copy = os.path.join(options.work, "station-h")
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["cp", "-a", folder, copy], check=True)
    station = Program(options.builds.program("village-node"), copy, options.world.logs)
    limit = Limit(LIMIT_MB)
    try:
        ready, cpu = start(station, *CLOCK, preexec=limit.enter)
        found = {"limit": limit.how, "start_ms": round(ready * 1000, 1),
                 "start_cpu_ms": round(cpu * 1000, 1),
                 **look(station, options.world.made["staff"][0],
                        options.world.path("password.worker")),
                 "rss_anon_kb": memory_kb(station.process.pid),
                 "with_page_cache_most_kb": limit.most_kb()}
    finally:
        station.stop()
        limit.close()
        shutil.rmtree(copy, ignore_errors=True)
    return found


def due(options, say):
    found = measure_due(options, prepared(options, say))
    return {"what": f"the daemon over a store of {EVENTS} events (100,000 cases), no hub; first "
                    "page of what is due and a case as pages ask for them, 200 each", **found}
