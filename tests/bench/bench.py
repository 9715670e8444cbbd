#!/usr/bin/env python3
"""Measures Jieli and its peers in one run: see tests/bench/README.md."""

import argparse
import fcntl
import json
import os
import platform
import signal
import sys
import time
import traceback

import gates
from audit import audit
from due import due
from ingest import ingest, latency
from machine import CORES, read
from scale import scale
from sizes import sizes
from transport import WINDOWS, transport
from world import STATIONS, Builds, World

PARTS = {"a": ("hub ingest, and (d) its CPU", ingest),
         "b": ("transport and store alone", transport),
         "c": ("latency one at a time", latency),
         "e": ("bytes on wire and disk", sizes),
         "f": ("auditor's full replay", audit),
         "g": ("memory and start-up", scale),
         "h": ("100,000 cases inside 128 MB", due)}


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build folder of the bench preset")
    parser.add_argument("--work", default=f"/var/tmp/jieli-bench-{os.getuid()}",
                        help="folder on the disk to be measured")
    parser.add_argument("--short", action="store_true", help="a few minutes, fewer rounds")
    parser.add_argument("--full", action="store_true", help="also 10^6 events in (g)")
    parser.add_argument("--sizes", dest="sizes_asked", default="",
                        help="(g) over these instead, such as 10000,1000000")
    parser.add_argument("--only", default="", help="some parts, such as a,d,f")
    parser.add_argument("--rounds", type=int, default=0, help="quiet rounds wanted of each part")
    parser.add_argument("--json", default="", help="also write the JSON to this file")
    return parser.parse_args()


def settle(options):
    """What follows from --short and --full."""
    short = options.short
    options.rounds = options.rounds or (3 if short else 5)
    options.calibration_ms = 800 if short else 1500
    options.events_each = 8000 if short else 30000
    options.ingest_each = 4000 if short else 6000
    options.latency_events = 300 if short else 1000
    options.parts_each = 1000 if short else 4000
    options.audit_each = 4000 if short else 6000
    options.point_s = 0.4 if short else 0.8
    options.windows = WINDOWS
    options.sizes = (10000, 100000) if not short else (1000, 10000)
    options.sizes += (1000000,) if options.full else ()
    if options.sizes_asked:
        options.sizes = tuple(int(one) for one in options.sizes_asked.split(","))
    options.restore_s = max(400, max(options.sizes) // 200)
    base = 60 if short else 150
    options.seconds = {"a": base, "b": 2.5 * base, "c": base / 2, "f": base / 2}
    wanted = [one.strip() for one in options.only.split(",") if one.strip()]
    wanted = ["a" if one == "d" else one for one in wanted]
    unknown = [one for one in wanted if one not in PARTS]
    if unknown:
        sys.exit(f"--only: no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}, d")
    usual = [one for one in PARTS if one != "h" or options.full]
    options.parts = [one for one in PARTS if one in (wanted or usual)]


def machine():
    model = [line.partition(":")[2].strip() for line in read("/proc/cpuinfo").splitlines()
             if line.startswith("model name")]
    return {"cpu": model[0] if model else platform.machine(), "cores": CORES,
            "kernel": platform.release(), "at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}


def run_part(name, options):
    started = time.monotonic()
    say(f"{name}: {PARTS[name][0]}")
    try:
        found = PARTS[name][1](options, say)
    except Exception as why:  # a part that breaks must not cost the others
        traceback.print_exc(file=sys.stderr)
        found = {"failed": f"{type(why).__name__}: {why}"}
    found["took_s"] = round(time.monotonic() - started, 1)
    return found


def show(found):
    for name in PARTS:
        if name in found:
            print(f"\n== ({name}) {PARTS[name][0]}")
            print("\n".join(gates.of_part(name, found[name])))
    rows = [["gate", "goal", "seen", ""], *[gate.row() for gate in gates.gates(found)]]
    print("\n== gates")
    print("\n".join(gates.table(rows)))


def lock(work):
    """Two benches at once would measure each other."""
    os.makedirs(work, mode=0o755, exist_ok=True)
    held = open(os.path.join(work, "lock"), "w", encoding="utf-8")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"another bench runs in {work}")
    return held


def main():
    options = arguments()
    settle(options)
    held = lock(options.work)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    options.builds = Builds(options.build)
    options.world = World(options.builds, options.work)
    started = time.monotonic()
    options.world.ensure(say)
    if not set(options.parts) <= {"g", "h"}:
        options.events = options.world.events(options.events_each, STATIONS, say)
    found = {"machine": machine(), "mode": "short" if options.short else "full" if options.full
             else "default"}
    for name in options.parts:
        found[name] = run_part(name, options)
    found["gates"] = [gate.json() for gate in gates.gates(found)]
    found["took_s"] = round(time.monotonic() - started, 1)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            out.write(text + "\n")
    print(text)
    show(found)
    held.close()
    return 0 if all("failed" not in found[name] for name in options.parts) else 1


if __name__ == "__main__":
    sys.exit(main())
