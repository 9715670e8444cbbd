"""What is read from the machine: CPU of processes and of everybody, memory, the verify limit, and
whether a round was quiet enough to count."""

import json
import os
import statistics
import subprocess
import time

TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()

STEAL_MAX = 0.03     # of all cores' time, taken by the hypervisor
FOREIGN_MAX = 0.05   # of all cores' time, used by others than load, server and bench
DRIFT_MAX = 0.10     # between the calibrations before and after


def read(path):
    with open(path, encoding="utf-8", errors="replace") as text:
        return text.read()


def stat_of(pid):
    """(parent, CPU s of the process, CPU s of its ended children); None: no such process."""
    try:
        fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except OSError:
        return None
    own = (int(fields[11]) + int(fields[12])) * TICK_S
    ended = (int(fields[13]) + int(fields[14])) * TICK_S
    return int(fields[1]), own, ended


def tree(pid):
    """pid and all its descendants."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = stat_of(int(name))
            if stat is not None:
                parents.setdefault(stat[0], []).append(int(name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += parents.get(one, [])
    return found


def cpu_s(pids):
    """CPU seconds of these processes and everything they started."""
    total = 0.0
    for pid in pids:
        for one in tree(pid):
            stat = stat_of(one)
            if stat is not None:
                total += stat[1] + stat[2]
    return total


def run_s(pid):
    """CPU seconds of a process's living threads, to the microsecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(read(f"/proc/{pid}/task/{task}/schedstat").split()[0])
        except OSError:
            pass
    return total / 1e9


def memory_kb(pid, name="RssAnon"):
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def kernel_s():
    """CPU seconds of the kernel's own threads: writing back what we wrote, mostly."""
    total = 0.0
    for name in os.listdir("/proc"):
        stat = stat_of(int(name)) if name.isdigit() else None
        if stat is not None and stat[0] == 2:
            total += stat[1]
    return total


def busy():
    """(seconds the cores were busy for processes, seconds stolen) since the machine started."""
    fields = [int(one) for one in read("/proc/stat").splitlines()[0].split()[1:]]
    user, nice, system, _idle, _wait, _hard, _soft, steal = fields[:8]
    return (user + nice + system) * TICK_S - kernel_s(), steal * TICK_S


class Watch:
    """Everything the machine did in a while, and how much of it was not ours."""

    def __init__(self, pids):
        self.pids = pids
        self.busy, self.steal = busy()
        self.cpu = cpu_s(pids)
        self.started = time.monotonic()

    def end(self):
        """(steal, foreign), each of the time all cores had."""
        now_busy, now_steal = busy()
        cores_s = (time.monotonic() - self.started) * CORES
        ours = cpu_s(self.pids) - self.cpu
        foreign = max(0.0, now_busy - self.busy - ours)
        return (now_steal - self.steal) / cores_s, foreign / cores_s


def calibrate(builds, milliseconds):
    """The verify limit now: {"per_s", "cpu_us", ...} and how quiet it was meanwhile."""
    watch = Watch([os.getpid()])
    done = subprocess.run([builds.tool("bench_calibrate"), str(milliseconds)],
                          capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(done.stdout)
    found["steal"], found["foreign"] = watch.end()
    return found


class Round:
    """One round: calibration, work, calibration. noise says why it does not count."""

    def __init__(self, builds, milliseconds):
        self.builds = builds
        self.milliseconds = milliseconds
        self.noise = []

    def __enter__(self):
        self.before = calibrate(self.builds, self.milliseconds)
        self.watch = Watch([os.getpid()])
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            return False
        steal, foreign = self.watch.end()
        self.after = calibrate(self.builds, self.milliseconds)
        limits = [one["per_s"] for one in (self.before, self.after)]
        self.limit = statistics.mean(limits)
        self.verify_cpu_us = statistics.mean(one["cpu_us"] for one in (self.before, self.after))
        drift = abs(limits[0] - limits[1]) / self.limit
        steal = max(steal, self.before["steal"], self.after["steal"])
        foreign = max(foreign, self.before["foreign"], self.after["foreign"])
        self.seen = {"limit_per_s": round(self.limit), "verify_cpu_us": round(
            self.verify_cpu_us, 2), "drift": round(drift, 3), "steal": round(steal, 3),
            "foreign": round(foreign, 3)}
        if drift > DRIFT_MAX:
            self.noise.append(f"calibrations differ by {drift:.0%}")
        if steal > STEAL_MAX:
            self.noise.append(f"steal {steal:.0%}")
        if foreign > FOREIGN_MAX:
            self.noise.append(f"others used {foreign:.0%}")
        return False


class Rounds:
    """Calls one(round) until enough quiet rounds are there, or the time is up.

    Noisy rounds are thrown away and counted; when too few are quiet, all are used and said so."""

    def __init__(self, name, options, say):
        self.name = name
        self.options = options
        self.say = say
        self.quiet = []
        self.noisy = []

    def run(self, one, seconds):
        """one(round) does the work and gives what makes the result once the limit is known."""
        ends = time.monotonic() + seconds
        while len(self.quiet) < self.options.rounds:
            if time.monotonic() > ends and len(self.quiet) + len(self.noisy) >= \
                    self.options.rounds:
                break
            with Round(self.options.builds, self.options.calibration_ms) as this:
                result = one(this)
            entry = {**this.seen, "noise": this.noise, **result(this)}
            (self.noisy if this.noise else self.quiet).append(entry)
            self.say(f"{self.name}: round {len(self.quiet) + len(self.noisy)}"
                     + (f", thrown away: {'; '.join(this.noise)}" if this.noise else ""))
        return self

    @property
    def counted(self):
        """What the figures rest on."""
        enough = len(self.quiet) >= min(3, self.options.rounds)
        return self.quiet if enough else self.quiet + self.noisy

    def summary(self):
        quiet = self.counted is self.quiet
        return {"rounds": len(self.counted), "thrown_away": len(self.noisy) if quiet else 0,
                "noisy_rounds": len(self.noisy), "quiet": quiet,
                "each": self.quiet + self.noisy}


def spread(values):
    """median, min and max of figures."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
