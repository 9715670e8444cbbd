#!/usr/bin/env python3
"""One day of a town on this machine: see deploy/demo."""

import argparse
import datetime
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import found  # noqa: E402
import play   # noqa: E402
from town import StepFailed  # noqa: E402


def simulated_offset_ms():
    """The day is Wednesday 2026-09-23: two holidays lie before ten working days are over."""
    china = datetime.timezone(datetime.timedelta(hours=8))
    start = datetime.datetime(2026, 9, 23, 9, 0, tzinfo=china)
    return int((start.timestamp() - time.time()) * 1000)


def how_to_look(day):
    build = day.build
    auditor = f"{build}/district-auditor/district-auditor"
    print("\n== 各部分仍在运行 / everything is still running")
    for line in (
            f"{build}/village-node/village-node status --dir {day.stations[0].folder}",
            f"{build}/village-node/village-node list --due --dir {day.stations[0].folder}",
            f"{build}/township-hub/township-hub watch --dir {day.hub.folder}",
            f"{build}/township-hub/township-hub queue --dir {day.hub.folder}",
            f"{auditor} follow --once --dir {day.auditors[0].folder}",
            f"{auditor} report --dir {day.auditors[0].folder}",
            f"ls {day.folder}/logs"):
        print("   " + line)
    print("Ctrl-C 结束 / ends it")
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the data folder behind")
    options = parser.parse_args()
    started = time.monotonic()
    folder = tempfile.mkdtemp(prefix="jieli-day-")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    day = found.Day(os.path.abspath(options.build), root, folder, simulated_offset_ms())
    code = 0
    try:
        found.found(day)
        play.play(day)
        print(f"\n== 用时 / time {time.monotonic() - started:.0f} s，"
              f"{day.steps} 步全部符合预期 / steps, all as expected")
        if not options.once:
            how_to_look(day)
    except StepFailed as failure:
        print(f"\n!! 第 {day.steps} 步未达预期 / step not as expected: {failure}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        pass
    finally:
        day.stop()
        if code == 0 and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"数据目录 / data folder: {folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
