"""(b) transport and store alone: our hub without verification and rules beside the peers."""

import contextlib

import load
from hub import Hub
from machine import Rounds, spread
from peers import PEERS, Missing
from trace import order
from world import STATIONS

WINDOWS = (1, 16, 64, 256, 1000)
# Events a second when nothing is known yet: sizes the first round alone.
FIRST_GUESS = {1: 3000, 16: 15000, 64: 40000, 256: 60000, 1000: 80000}


class Ours:
    """jieli: frames as a station fills them, up to 100 of what waits, as PostgreSQL's batches.
    jieli1: one event a frame, whatever waits."""

    def __init__(self, options, name, full):
        self.options = options
        self.name = name
        self.full = full
        self.title = "Jieli, frames as a station fills them" if full else "Jieli, one event a frame"
        self.binary = options.builds.tool("township-hub-unverified")

    def batch(self, window):
        return min(100, window) if self.full else 1

    def hub(self):
        return Hub(self.options, "hub-b", self.binary)

    def load(self, hub, window, count):
        batch = self.batch(window)
        count = min(count, self.options.events_each)
        count = max(batch, count - count % batch)
        return hub.push(count, batch, window, STATIONS, "--unsigned-heads")


class Curve:
    """Rates of every system at every window, in one round after another."""

    def __init__(self, options, say):
        self.options = options
        self.say = say
        self.guess = {}
        self.ours = [Ours(options, "jieli", True), Ours(options, "jieli1", False)]
        self.running = []
        self.missing = {}
        self.about = {}

    def count(self, name, window):
        """Events of a client for about options.point_s."""
        rate = self.guess.get((name, window), FIRST_GUESS[window])
        return max(window, 20, int(rate * self.options.point_s / STATIONS))

    def note(self, name, window, found):
        self.guess[(name, window)] = found["per_s"]
        if found["refused"]:
            raise load.Failed(f"{name} refused {found['refused']} events")
        return {key: found[key] for key in ("per_s", "p50_us", "p99_us", "load_cpu_s",
                                            "server_cpu_s", "events")}

    def measure_peer(self, peer):
        points = {}
        for window in self.options.windows:
            count = min(self.count(peer.name, window), self.options.events_each)
            words = [*peer.words(), "--events", self.options.events, "--clients",
                     str(STATIONS), "--window", str(window), "--batch",
                     str(min(peer.batch, window)), "--count", str(count)]
            points[window] = self.note(peer.name, window,
                                       load.run(self.options.builds, words, peer.pids))
        peer.trim()
        return points

    def measure_ours(self, ours):
        points = {}
        for window in self.options.windows:
            with ours.hub() as hub:  # an event goes into a log once: each window has all of them
                count = self.count(ours.name, window)
                points[window] = self.note(ours.name, window, ours.load(hub, window, count))
                if hub.cases() != 0:
                    raise load.Failed("the hub without rules has changed records")
        return points

    def one(self, _round):
        found = {}
        for index in range(max(len(self.ours), len(self.running))):
            if index < len(self.ours):
                found[self.ours[index].name] = self.measure_ours(self.ours[index])
            if index < len(self.running):
                found[self.running[index].name] = self.measure_peer(self.running[index])
        return lambda this: {"points": found}

    def start(self, stack):
        for kind in PEERS:
            peer = kind(self.options)
            try:
                stack.enter_context(peer)
            except Missing as why:
                self.missing[peer.name] = str(why)
                self.say(f"b: {peer.title}: {why}")
                continue
            self.running.append(peer)
            self.about[peer.name] = {"title": peer.title, "version": peer.version(),
                                     "settings": peer.settings, "durable": peer.durable}

    def trace(self):
        """Is the sync seen before the answer? 200 events one after another, under strace."""
        for peer in self.running:
            words = [*peer.words(), "--events", self.options.events, "--clients",
                     "1", "--window", "1", "--batch", "1", "--count", "200"]
            self.about[peer.name]["trace"] = order(
                peer.pids, lambda: load.run(self.options.builds, words, peer.pids))
        ours = self.ours[0]
        with ours.hub() as hub:
            self.about["jieli"] = {"title": ours.title, "durable": True, "version": "this build",
                                   "settings": "CURVE, LMDB in its default sync mode",
                                   "trace": order([hub.pid], lambda: hub.push(
                                       200, 1, 1, 1, "--unsigned-heads"))}
        self.about["jieli1"] = {"title": self.ours[1].title, "durable": True}


def transport(options, say):
    curve = Curve(options, say)
    with contextlib.ExitStack() as stack:
        curve.start(stack)
        curve.trace()
        rounds = Rounds("b", options, say).run(curve.one, options.seconds["b"])
    names = [one.name for one in (*curve.ours, *curve.running)]
    points = {name: {window: {key: spread([each["points"][name][window][key]
                                           for each in rounds.counted])
                              for key in ("per_s", "p50_us", "p99_us")}
                     for window in options.windows} for name in names}
    ratios = {}
    for ours in ("jieli", "jieli1"):
        for name in names[2:]:
            ratios[f"{ours}/{name}"] = {window: spread(
                [each["points"][ours][window]["per_s"] / each["points"][name][window]["per_s"]
                 for each in rounds.counted]) for window in options.windows}
    summary = rounds.summary()
    for each in summary["each"]:
        each["points"] = {name: {window: round(point["per_s"]) for window, point in
                                 found.items()} for name, found in each["points"].items()}
    return {"what": f"{STATIONS} clients, the same events, windows {options.windows}",
            "about": curve.about, "missing": curve.missing, "points": points, "ratios": ratios,
            **summary}
