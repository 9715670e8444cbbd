"""Our hub under load: a copy of the world's hub, started and stopped by pid."""

import os
import shutil
import time

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

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        return False

    def start(self):
        started = time.monotonic()
        self.program.start("--drill", "--clock-offset", str(offset_ms(MEASURED)))
        self.ready_s = time.monotonic() - started

    def stop(self):
        self.program.stop()

    @property
    def pid(self):
        return self.program.process.pid

    @property
    def endpoint(self):
        with open(os.path.join(self.folder, "endpoint"), encoding="utf-8") as text:
            return text.read().strip()

    def push(self, count, batch, window, clients=STATIONS, *more):
        """The next count events of each client; where the chains stand is remembered, so all
        pushes of one hub must have the same clients."""
        words = ["--peer", "jieli", "--events", self.world.path("events"), "--clients",
                 str(clients), "--window", str(window), "--batch", str(batch), "--first",
                 str(self.first), "--count", str(count), "--hub", self.endpoint, "--bundle",
                 self.world.path("station1.bundle"), *more, *self.world.stations(clients)]
        found = load.run(self.options.builds, words, [self.pid])
        self.first += count
        return found
