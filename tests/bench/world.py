"""A founded town with eight stations and events signed before any clock runs, made once by the real
programs and kept in the work folder; each use works on a copy of the hub's folder."""

import datetime
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "deploy", "day"))
from town import Program, file_with, free_port  # noqa: E402

CHINA = datetime.timezone(datetime.timedelta(hours=8))
FOUNDED = datetime.datetime(2026, 9, 21, 9, 0, tzinfo=CHINA)
FIRST_EVENT = FOUNDED + datetime.timedelta(hours=1)
DAYS = 25  # the events are spread over them
MEASURED = FOUNDED + datetime.timedelta(days=DAYS + 2)  # the hub's clock while it is measured
STATIONS = 8


def milliseconds(moment):
    return int(moment.timestamp() * 1000)


def offset_ms(moment):
    """What moves a program's clock to moment."""
    return milliseconds(moment) - int(time.time() * 1000)


class Builds:
    """Where the programs are."""

    def __init__(self, build):
        self.build = os.path.abspath(build)

    def program(self, name):
        return os.path.join(self.build, name, name)

    def tool(self, name):
        return os.path.join(self.build, "tests", "bench", name)

    def mark(self):
        """Changes with the programs and the shipped editions: then the world is made anew."""
        digest = hashlib.sha256()
        paths = [self.program(name) for name in ("township-hub", "village-node",
                                                 "district-auditor")]
        paths += [self.tool("bench_make"), os.path.join(ROOT, "tests", "bench", "forms.txt")]
        paths += [os.path.join(ROOT, "deploy", *name) for name in
                  (("policy", "policy.txt"), ("catalogue", "catalogue.txt"),
                   ("calendar", "cn-2026.txt"))]
        for path in paths:
            with open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
        return digest.hexdigest()[:20]


def run_json(line, timeout=3600):
    done = subprocess.run(line, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(line)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out)


class World:
    """folder/hub, folder/station1.., folder/auditor as the founding left them, and the events."""

    def __init__(self, builds, work):
        self.builds = builds
        self.folder = os.path.join(work, f"world-{builds.mark()}")
        self.logs = os.path.join(work, "logs")
        os.makedirs(self.logs, exist_ok=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def station(self, number):
        return self.path(f"station{number}")

    def stations(self, count=STATIONS):
        return [self.station(number) for number in range(1, count + 1)]

    def ensure(self, say):
        if not os.path.exists(self.path("made.json")):
            say("making the town: keys, editions, stations, staff (once a build)")
            for name in os.listdir(os.path.dirname(self.folder)):
                if name.startswith("world-"):  # of an older build
                    shutil.rmtree(os.path.join(os.path.dirname(self.folder), name))
            os.makedirs(self.folder)
            Founding(self).found()
        with open(self.path("made.json"), encoding="utf-8") as text:
            self.made = json.load(text)

    def events(self, count, stations, say):
        """Folder with the events of the first stations, count of each, made once."""
        folder = self.path(f"events-{stations}x{count}")
        if not os.path.exists(os.path.join(folder, "made.json")):
            say(f"writing {count} events of each of {stations} stations (once a build)")
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            words = []
            for number, one in enumerate(self.made["staff"][:stations], 1):
                words += [self.station(number), one, self.path("password.worker")]
            made = run_json([self.builds.tool("bench_make"), "write", "--dir", self.path("hub"),
                             "--out", folder, "--count", str(count), "--start",
                             str(milliseconds(FIRST_EVENT)), "--days", str(DAYS), "--forms",
                             os.path.join(ROOT, "tests", "bench", "forms.txt"), *words])
            write_json(os.path.join(folder, "made.json"), made)
        return folder

    def copy(self, name, target):
        """A fresh copy of one of the world's folders at target, replaced if there."""
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", self.path(name), target], check=True)
        return target


class Founding:
    """The steps of deploy/day/found.py, for eight stations and a date of its own."""

    def __init__(self, world):
        self.world = world
        self.hub = self.program("township-hub", "hub")
        self.root = self.program("district-auditor", "root")

    def program(self, name, folder):
        return Program(self.world.builds.program(name), self.world.path(folder), self.world.logs)

    def secret(self, name):
        return file_with(self.world.path(f"password.{name}"), f"合成口令 {name} 7h3x\n")

    def sit_down(self, staff, name):
        if self.hub.token_of != staff:
            self.hub.command("unlock", staff, "--password-file", self.secret(name))
            self.hub.token_of = staff

    def found(self):
        offset = str(offset_ms(FOUNDED))
        self.root.command("root", "init", "--password-file", self.secret("root"))
        self.hub.command("init", "--code", "460200001", "--origin", "hub.xian.zhen.jieli",
                         "--endpoint", f"tcp://127.0.0.1:{free_port()}",
                         "--bell-endpoint", f"tcp://127.0.0.1:{free_port()}")
        request = os.path.join(self.hub.folder, "enrolment.request")
        _, note, _ = self.root.command("root", "sign", request, "--password-file",
                                       self.secret("root"))
        with open(self.world.path("trust.note"), "wb") as out:
            out.write(note)
        self.hub.command("trust", self.world.path("trust.note"), "--root",
                         os.path.join(self.root.folder, "root.pub"))
        people = self.hub.ask("found", "--leader", "周主任", "--leader-password-file",
                              self.secret("leader"), "--registrar", "钱登记",
                              "--registrar-password-file", self.secret("registrar"),
                              "--clock-offset", offset)
        self.hub.start("--drill", "--clock-offset", offset)
        try:
            staff = self.town(people)
        finally:
            self.hub.stop()
        write_json(self.world.path("made.json"), {"staff": staff})

    def town(self, people):
        self.sit_down(people["leader"], "leader")
        for kind, name in (("policy", "policy/policy.txt"),
                           ("catalogue", "catalogue/catalogue.txt"),
                           ("calendar", "calendar/cn-2026.txt")):
            self.hub.command("publish", kind, os.path.join(ROOT, "deploy", name))
        self.sit_down(people["registrar"], "registrar")
        staff = []
        for number in range(1, STATIONS + 1):
            staff.append(self.enrol_station(number))
        self.enrol_auditor()
        self.sit_down(people["leader"], "leader")
        for number, one in enumerate(staff, 1):
            self.hub.command("staff", "grant", one, "--roles", "worker,window_head,custodian",
                             "--station", self.code(number))
        return staff

    @staticmethod
    def code(number):
        return f"460200001{number:03}"

    def enrol_station(self, number):
        station = self.program("village-node", f"station{number}")
        bundle = self.world.path(f"station{number}.bundle")
        station.command("init", "--code", self.code(number))
        self.hub.command("enrol", os.path.join(station.folder, "enrolment.request"), "--out",
                         bundle)
        station.command("join", bundle, "--root", os.path.join(self.root.folder, "root.pub"))
        answer = self.hub.ask("staff", "enrol", "--name", f"窗口{number}", "--station",
                              self.code(number), "--new-password-file", self.secret("worker"),
                              "--keys", os.path.join(station.folder, "keys"))
        return answer["staff"]

    def enrol_auditor(self):
        auditor = self.program("district-auditor", "auditor")
        bundle = self.world.path("auditor.bundle")
        auditor.command("init", "--root", os.path.join(self.root.folder, "root.pub"), "--code",
                        "460200")
        self.hub.command("enrol", os.path.join(auditor.folder, "enrolment.request"), "--out",
                         bundle)
        auditor.command("join", bundle)
