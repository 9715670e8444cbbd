#!/usr/bin/env python3
"""Real full disks: a station's, then the hub's. Nothing acknowledged is lost, what is there can be
read, also after a power cut on the full disk, and work goes on once there is room.

Usage: full_disk.py BUILD

Mounts two small tmpfs; where that is not allowed it says so and passes.
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "deploy", "day"))
import found  # noqa: E402
from town import StepFailed, wait_for  # noqa: E402

DISK_SIZE = "24m"
ROOM = 200 * 1024


def must(condition, what):
    if not condition:
        raise StepFailed(what)


class Disk:
    """A folder on a disk of its own."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder, 0o700)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=700", "none",
                               folder], capture_output=True, check=False)
        self.mounted = done.returncode == 0
        self.filler = os.path.join(folder, "somebody-elses-file")

    def fill(self, left):
        """Leaves so many bytes."""
        disk = os.statvfs(self.folder)
        with open(self.filler, "ab") as out:
            out.write(b"x" * max(0, disk.f_bavail * disk.f_frsize - left))

    def free(self):
        os.remove(self.filler)

    def end(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


def contact(worker):
    return worker.act("contact", "received", channel=1, item="I56", check=False, text="满" * 900)


def write_until_full(worker):
    """Seqs acknowledged before the disk was full."""
    kept = []
    for _ in range(2000):
        answer = contact(worker)
        if answer["_exit"] != 0:
            must(answer["_exit"] == 75 and answer["code"] == "full", f"no room, or: {answer}")
            return kept
        kept.append((int(answer["seq"]), answer["record"]))
    raise StepFailed("the disk never became full")


def go_on_without_room(station, worker, kept):
    """All is there to be read. Pages that nobody reads any more are room again, now and then."""
    status = station.ask("status")
    must(int(status["kept"]) == kept[-1][0], f"kept {kept[-1][0]}, now {status}")
    must(station.ask("show", kept[-1][1])["record"] == kept[-1][1], "the newest cannot be read")
    kept += write_until_full(worker)
    must(station.ask("status")["diskFull"], "it does not say that the disk is full")


def station_full(day, disk):
    station, worker = day.stations[0], day.people["worker1"]
    wait_for("all is accepted", lambda: int(station.ask("status")["backlog"]) == 0)
    contact(worker)
    station.command("drill", "link", "down")
    disk.fill(ROOM)
    kept = write_until_full(worker)
    must(len(kept) > 0, "no room for a single entry")
    disk.fill(0)
    for ending in ("kill", "stop"):
        go_on_without_room(station, worker, kept)
        getattr(station, ending)()
        station.start(*day.run_options())
        go_on_without_room(station, worker, kept)
    # What the hub says finds no room either: the link rests, people go on reading.
    day.people["leader"].sit_down()
    day.hub.command("publish", "policy", os.path.join(ROOT, "deploy", "policy", "policy.txt"))
    station.command("drill", "link", "up", check=False)
    go_on_without_room(station, worker, kept)
    disk.free()
    answer = contact(worker)
    must(answer["_exit"] == 0 and int(answer["seq"]) == kept[-1][0] + 1, f"room again: {answer}")
    kept.append((int(answer["seq"]), answer["record"]))
    station.stop()
    station.start(*day.run_options())
    wait_for("all is accepted", lambda: int(station.ask("status")["backlog"]) == 0)
    must(int(station.ask("status")["accepted"]) == kept[-1][0], "not all was accepted")
    print(f"station: {len(kept) - 1} entries until the disk was full; none lost, read all the time")


def hub_full(day, disk):
    station, worker = day.stations[0], day.people["worker1"]
    disk.fill(64 * 1024)
    size = int(day.hub.ask("status")["size"])
    for _ in range(100):
        must(contact(worker)["_exit"] == 0, "the station cannot write because the hub is full")
    kept = int(station.ask("status")["kept"])
    disk.fill(0)
    day.hub.kill()
    day.hub.start(*day.run_options())
    status = day.hub.ask("status")
    must(int(status["size"]) >= size, f"the hub had {size} leaves: {status}")
    accepted = int(station.ask("status")["accepted"])
    must(accepted < kept, "the hub's disk never became full")
    disk.free()
    wait_for("the rest is accepted", lambda: int(station.ask("status")["accepted"]) == kept, 120)
    print(f"hub: {kept - accepted} events waited at the station until there was room")


def audit(day):
    auditor = day.auditors[0]
    auditor.command("follow", "--once")
    verified = auditor.ask("status")
    must(verified["findings"] == 0 and verified["gaps"] == 0 and
         verified["verified"] == int(day.hub.ask("status")["size"]), f"{verified}")
    print(f"verified {verified['verified']} leaves, 0 gaps")


def main():
    build = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="jieli-full-")
    disks = [Disk(os.path.join(folder, name)) for name in ("station1", "hub")]
    code = 0
    day = found.Day(build, ROOT, folder, 0)
    try:
        if not all(disk.mounted for disk in disks):
            print("no tmpfs may be mounted here: nothing was tested")
            return 0
        found.found(day)
        station_full(day, disks[0])
        hub_full(day, disks[1])
        audit(day)
    except StepFailed as failure:
        print(f"full_disk: {failure}", file=sys.stderr)
        print(day.hub.tail(), day.stations[0].tail(), file=sys.stderr)
        code = 1
    finally:
        day.stop()
        for disk in disks:
            disk.end()
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
