"""(a) verified ingest, (c) latency one at a time, (d) CPU beside the verification."""

from hub import Hub
from load import Failed, run
from machine import Rounds, memory_kb, spread
from peers import Missing, Postgres, Redis
from world import STATIONS

BATCH, WINDOW = 100, 1000  # and no more frames than the hub grants a station


def ingest(options, say):
    """8 stations, real events, the real daemon: verified, ruled, durable, answered."""
    count = options.events_each - options.events_each % BATCH
    count = min(count, options.ingest_each)

    def one(_round):
        with Hub(options, "hub-a") as hub:
            before = hub.size()
            found = hub.push(count, BATCH, WINDOW)
            if hub.size() - before < found["events"] or hub.cases() == 0:
                raise Failed("the log or the records do not show what was answered")
            found["hub_rss_anon_kb"] = memory_kb(hub.pid)

        def result(this):
            found["ratio"] = found["per_s"] / this.limit
            found["hub_cpu_s_100k"] = found["server_cpu_s"] / found["events"] * 1e5
            found["load_cpu_s_100k"] = found["load_cpu_s"] / found["events"] * 1e5
            found["beside_verify_s_100k"] = found["hub_cpu_s_100k"] - this.verify_cpu_us / 10
            found["wire_bytes_event"] = found["sent_bytes"] / found["events"]
            return found
        return result

    rounds = Rounds("a", options, say).run(one, options.seconds["a"])
    names = ("per_s", "ratio", "hub_cpu_s_100k", "load_cpu_s_100k", "beside_verify_s_100k",
             "limit_per_s", "verify_cpu_us", "wire_bytes_event", "hub_rss_anon_kb", "refused")
    return {"what": f"{STATIONS} stations, {count} events each, {BATCH} a frame",
            **{name: spread([each[name] for each in rounds.counted]) for name in names},
            **rounds.summary()}


def latency(options, say):
    """One client, one event, then the next: how long until it is answered, durable."""
    count = options.latency_events

    def ours(_round):
        with Hub(options, "hub-c") as hub:
            return hub.push(count, 1, 1, 1)

    def one(_round):
        found = {"jieli": ours(_round)}
        for peer in running:
            words = [*peer.words(), "--events", options.events, "--clients", "1",
                     "--window", "1", "--batch", "1", "--count", str(count)]
            found[peer.name] = run(options.builds, words, peer.pids)
        return lambda this: {"p": {name: {"p50_us": each["p50_us"], "p99_us": each["p99_us"],
                                          "per_s": each["per_s"]}
                                   for name, each in found.items()}}

    running, missing = [], {}
    try:
        for kind in (Redis, Postgres):
            try:
                running.append(kind(options).__enter__())
            except Missing as why:
                missing[kind.name] = str(why)
        rounds = Rounds("c", options, say).run(one, options.seconds["c"])
    finally:
        for peer in running:
            peer.__exit__(None, None, None)
    names = ["jieli", *[peer.name for peer in running]]
    return {"what": f"one client, {count} events one at a time", "missing": missing,
            "p": {name: {key: spread([each["p"][name][key] for each in rounds.counted])
                         for key in ("p50_us", "p99_us", "per_s")} for name in names},
            **rounds.summary()}
