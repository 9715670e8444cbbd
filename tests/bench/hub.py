"""Our hub under load: a copy of the world's hub, started and stopped by pid."""

import os
import shutil

import load
from world import MEASURED, STATIONS, Program, offset_ms


class Hub:
    """A running hub on a fresh copy of the world; binary: another build of it."""

    def __init__(self, options, folder, binary=None, source="hub"):
        self.options = options
        self.world = options.world
        self.folder = os.path.join(options.work, folder)
        self.world.copy(source, self.folder)
        self.program = Program(binary or options.builds.program("township-hub"), self.folder,
                               self.world.logs)
        self.first = 0
        self.endpoint = ""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        return False

    def start(self):
        self.program.start("--drill", "--clock-offset", str(offset_ms(MEASURED)))
        with open(os.path.join(self.folder, "endpoint"), encoding="utf-8") as text:
            self.endpoint = text.read().strip()

    def stop(self):
        self.program.stop()

    @property
    def pid(self):
        return self.program.process.pid

    def push(self, count, batch, window, clients=STATIONS, *more):
        """The next count events of each client; where the chains stand is remembered, so all
        pushes of one hub must have the same clients."""
        words = ["--peer", "jieli", "--events", self.options.events, "--clients",
                 str(clients), "--window", str(window), "--batch", str(batch), "--first",
                 str(self.first), "--count", str(count), "--hub", self.endpoint, "--bundle",
                 self.world.path("station1.bundle"), *more, *self.world.stations(clients)]
        found = load.run(self.options.builds, words, [self.pid])
        self.first += count
        return found

    def cases(self):
        """Cases in its records, in any state."""
        _, metrics, _ = self.program.command("metrics")
        return sum(int(line.split()[-1]) for line in metrics.decode("utf-8").splitlines()
                   if line.startswith("jieli_cases{"))

    def size(self):
        return int(self.program.ask("status")["size"])
