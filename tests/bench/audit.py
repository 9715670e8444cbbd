"""(f) the auditor replays a whole log: signatures, chains, tree, every verdict and every rule."""

import os
import shutil
import time

from hub import Hub
from machine import Rounds, cpu_s, spread
from world import MEASURED, STATIONS, Program, milliseconds, run_json


def fill(options, folder, events, count, stations):
    """Puts events of each station into the stopped hub at folder, by its mind alone."""
    return run_json([options.builds.tool("bench_make"), "fill", "--dir", folder, "--out", events,
                     "--count", str(count), "--start", str(milliseconds(MEASURED) - 3600000),
                     *options.world.stations(stations)])["size"]


class Audited:
    """A hub with a full log, its export, and auditors who have seen nothing yet."""

    def __init__(self, options, count):
        self.options = options
        self.hub = Hub(options, "hub-f")
        self.export = os.path.join(options.work, "export-f")
        self.size = fill(options, self.hub.folder, options.events, count, STATIONS)

    def __enter__(self):
        shutil.rmtree(self.export, ignore_errors=True)
        self.hub.start()
        self.hub.program.command("log", "export", self.export)
        return self

    def __exit__(self, *error):
        self.hub.__exit__(*error)
        shutil.rmtree(self.export, ignore_errors=True)
        return False

    def auditor(self):
        options = self.options
        return Program(options.builds.program("district-auditor"),
                       options.world.copy("auditor", os.path.join(options.work, "auditor-f")),
                       options.world.logs)

    def verify(self):
        """Events a second of `verify EXPORT` from start to exit; (rate, CPU s)."""
        program = self.auditor()
        before, started = cpu_s([os.getpid()]), time.monotonic()
        answer = program.ask("verify", self.export)
        seconds = time.monotonic() - started
        return self.checked(answer, seconds), cpu_s([os.getpid()]) - before

    def follow(self):
        """The same over the network, from the running hub."""
        program = self.auditor()
        started = time.monotonic()
        program.command("follow", "--once")
        seconds = time.monotonic() - started
        return self.checked(program.ask("status"), seconds)

    def checked(self, answer, seconds):
        if int(answer["findings"]) != 0 or int(answer["verified"]) < self.size:
            raise RuntimeError(f"the auditor does not agree: {answer}")
        return int(answer["verified"]) / seconds


def audit(options, say):
    count = min(options.events_each, options.audit_each)

    def one(_round):
        rate, cpu = audited.verify()
        return lambda this: {"per_s": rate, "ratio": rate / this.limit,
                             "cpu_s_100k": cpu / audited.size * 1e5}

    def live(_round):
        rate = audited.follow()
        return lambda this: {"per_s": rate, "ratio": rate / this.limit}

    with Audited(options, count) as audited:
        rounds = Rounds("f", options, say).run(one, options.seconds["f"])
        follow = None
        try:
            follow = Rounds("f, live", options, say).run(live, options.seconds["f"])
        except RuntimeError as why:
            say(f"f: follow: {why}")
        size = audited.size
    found = {"what": f"verify of an exported log of {size} leaves, from start to exit",
             **{name: spread([each[name] for each in rounds.counted])
                for name in ("per_s", "ratio", "cpu_s_100k")}, **rounds.summary()}
    if follow is not None:
        found["follow"] = {**{name: spread([each[name] for each in follow.counted])
                              for name in ("per_s", "ratio")}, **follow.summary()}
    return found
