#!/usr/bin/env python3
"""The hub's life by its commands: founded, staffed, refused, killed, restarted, exported.

Usage: hub_life.py BUILD
"""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HUB = os.path.join(BUILD, "township-hub", "township-hub")
AUDITOR = os.path.join(BUILD, "district-auditor", "district-auditor")
DEPLOY = os.path.join(SOURCE, "deploy")
NAMES = {"leader": "王主任", "registrar": "李登记", "operator": "张三丰"}


class Local(http.client.HTTPConnection):
    """HTTP over the control socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Town:
    def __init__(self, folder):
        self.folder = folder
        self.hub = os.path.join(folder, "hub")
        self.daemon = None
        self.log = os.path.join(folder, "hub.log")
        self.tokens = {}

    def file(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def run(self, program, *arguments, code=0, binary=False):
        result = subprocess.run([program, *arguments], capture_output=True, timeout=120,
                                cwd=self.folder)
        error = result.stderr.decode("utf-8", "replace")
        check(result.returncode == code,
              f"{' '.join(arguments)}: exit code {result.returncode}, not {code}\n{error}")
        return (result.stdout if binary else result.stdout.decode("utf-8")), error

    def command(self, *arguments, code=0, binary=False):
        return self.run(HUB, "--dir", self.hub, *arguments, code=code, binary=binary)

    def start(self, *arguments):
        with open(self.log, "a", encoding="utf-8") as log:
            self.daemon = subprocess.Popen([HUB, "--dir", self.hub, "run", *arguments], stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            check(self.daemon.poll() is None, "the hub ended by itself")
            try:
                return self.call("GET", "/api/v1/status")
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the hub does not answer")

    def end(self, number):
        self.daemon.send_signal(number)
        code = self.daemon.wait(timeout=60)
        self.daemon = None
        return code

    def ask(self, method, path, body=None, who=None):
        connection = Local(os.path.join(self.hub, "ctl.sock"))
        headers = {"Authorization": "Bearer " + self.tokens[who]} if who else {}
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, path, body=data, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def call(self, method, path, body=None, who=None, status=200):
        found, content = self.ask(method, path, body, who)
        check(found == status, f"{method} {path}: status {found}, not {status}: {content!r}")
        return json.loads(content)

    def unlock(self, who, name, password):
        answer = self.call("POST", "/api/v1/unlock", {"staff": name, "password": password})
        self.tokens[who] = answer["token"]

    def editions(self):
        return {k: int(v) for k, v in self.call("GET", "/api/v1/status")["editions"].items()}

    def size(self):
        return int(self.call("GET", "/api/v1/status")["size"])


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def say(text):
    print("-", text, flush=True)


def found(town):
    town.file("root.pass", "the root's own words\n")
    town.file("leader.pass", "leader words here\n")
    town.file("registrar.pass", "registrar words here\r\n")
    town.run(AUDITOR, "root", "init", "--dir", "root", "--password-file", "root.pass")
    town.command("init", "--code", "460200", "--origin", "hub.xian.zhen.jieli")
    town.command("init", "--code", "460200", "--origin", "hub.xian.zhen.jieli", code=6)
    note, _ = town.run(AUDITOR, "root", "sign", "--dir", "root", "--password-file", "root.pass",
                       "hub/enrolment.request", binary=True)
    with open(town.file("note"), "wb") as file:
        file.write(note)
    town.file("other.pub", "d7" * 32 + "\n")
    town.command("trust", "note", "--root", "other.pub", code=5)
    check(not os.path.exists(os.path.join(town.hub, "trust.note")), "a foreign note was kept")
    town.command("trust", "note", "--root", "root/root.pub")
    out, _ = town.command("--json", "found", "--leader", NAMES["leader"], "--leader-password-file",
                          "leader.pass", "--registrar", NAMES["registrar"],
                          "--registrar-password-file", "registrar.pass")
    people = json.loads(out)
    check(len(people["leader"]) == 32 and people["leader"] != people["registrar"], "two people")
    again, _ = town.command("found", "--leader", "A", "--leader-password-file", "leader.pass",
                            "--registrar", "B", "--registrar-password-file", "registrar.pass",
                            code=6)
    check(again == "", "a second founding")
    check(len(os.listdir(os.path.join(town.hub, "keys"))) == 4, "two key files, two names")
    for name in os.listdir(town.hub):
        mode = os.stat(os.path.join(town.hub, name)).st_mode & 0o077
        check(mode == 0, f"{name} can be read by others")
    say("founded by the device; a foreign root and a second founding were refused")
    return people


def publish(town):
    policy = os.path.join(DEPLOY, "policy", "policy.txt")
    with open(policy, encoding="utf-8") as file:
        lines = file.read().split("\n")
    bad = town.file("bad.txt", "\n".join(lines[:4] + ["no.such.parameter = 1"] + lines[4:]))
    _, error = town.command("publish", "policy", bad, code=1)
    check(f"{bad}:5:" in error, f"no line number: {error}")
    status, content = town.ask("POST", "/api/v1/editions/policy", open(bad, "rb").read(), "leader")
    check(status == 422 and json.loads(content)["errors"][0]["line"] == 5, "route takes bad text")
    check(town.editions()["policy"] == 0, "a bad policy is in force")
    town.command("publish", "policy", policy)
    town.command("publish", "policy", bad, code=1)
    check(town.editions()["policy"] == 1, "the old edition did not stay")
    size = town.size()
    out, _ = town.command("--json", "publish", "policy", policy)
    check(json.loads(out)["unchanged"] is True and town.size() == size, "published twice")
    town.command("publish", "catalogue", os.path.join(DEPLOY, "catalogue", "catalogue.txt"))
    town.command("publish", "calendar", os.path.join(DEPLOY, "calendar", "cn-2025.txt"),
                 os.path.join(DEPLOY, "calendar", "cn-2026.txt"))
    check(town.size() == size + 3, "one leaf an edition")
    raw = open(os.path.join(DEPLOY, "calendar", "cn-2026.txt"), "rb").read()
    status, _ = town.ask("POST", "/api/v1/editions/calendar", raw, "registrar")
    check(status == 200, "the same text again is no event, whoever sends it")
    status, content = town.ask("POST", "/api/v1/editions/calendar", raw + b"\n", "registrar")
    check(status == 409 and b"LEADER" in content, "a registrar published")
    status, _ = town.ask("POST", "/api/v1/editions/calendar", raw)
    check(status == 401, "published without a key")
    say("policy, catalogue, calendar in force; a bad text was refused with its line")


def staff(town):
    town.file("operator.pass", "operator words here\n")
    keys = os.path.join(town.hub, "keys")
    before = sorted(os.listdir(keys))
    arguments = ("staff", "enrol", "--name", NAMES["operator"], "--password-file", "operator.pass")
    _, error = town.command(*arguments, code=1)
    check(sorted(os.listdir(keys)) == before, f"a refused key stayed: {error}")
    # From here the stored token is the registrar's.
    with open(os.path.join(town.hub, "token"), "w", encoding="utf-8") as file:
        file.write(town.tokens["registrar"])
    out, _ = town.command("--json", *arguments)
    person = json.loads(out)["staff"]
    check(f"{person}.key" in os.listdir(keys), "no key file")
    wanted = {"roles": "hub_operator", "station": "hub", "post": "W1", "until": "2099-01-01"}
    path = f"/api/v1/staff/{person}/grants"
    refusal = town.call("POST", path, wanted, "registrar", 409)["refusal"]
    check(refusal["name"] == "DIRECTORY_LEADER_ONLY", f"registrar grants: {refusal}")
    for field, value in (("roles", "emperor"), ("roles", "applicant"), ("station", "460200999"),
                         ("until", "2026-02-30"), ("post", "窗口")):
        answer = town.call("POST", path, {**wanted, field: value}, "leader", 400)
        check(answer["field"] == field, f"{field} {value}: {answer}")
    town.call("POST", "/api/v1/staff/nobody/grants", wanted, "leader", 404)
    check(town.call("POST", path, wanted, "leader")["reads"] is True, "operator reads nothing")
    listed = {p["staff"]: p for p in town.call("GET", "/api/v1/staff")["staff"]}
    check(listed[person]["name"] == NAMES["operator"], "the name")
    check(listed[person]["grants"][0]["roles"] == ["hub_operator"], "the grant")
    check(listed[person]["grants"][0]["until"] == "2099-01-01", "its last day")
    desk = town.call("GET", "/api/v1/staff")["staff"]
    registrar = next(p["staff"] for p in desk if p["grants"][0]["roles"] == ["registrar"])
    size = town.size()
    wanted = {"roles": "complaint_desk", "station": "hub"}
    answer = town.call("POST", f"/api/v1/staff/{registrar}/grants", wanted, "leader")
    check(answer["reads"] is True, f"the leader hands discipline's key on: {answer}")
    check(town.size() == size + 3, "the grant, the hub's audience, discipline's")
    say("a person enrolled by the registrar, granted by the leader, by nobody else")
    return person


def auditor(town):
    town.run(AUDITOR, "init", "--dir", "audit", "--root", "root/root.pub")
    size = town.size()
    request = open(town.file("audit/enrolment.request"), "rb").read()
    status, _ = town.ask("POST", "/api/v1/enrolments", request, "leader")
    check(status == 409, "the leader let an auditor in")
    altered = request[:-1] + bytes([request[-1] ^ 1])
    status, _ = town.ask("POST", "/api/v1/enrolments", altered, "registrar")
    check(status == 400, "an altered request")
    status, content = town.ask("POST", "/api/v1/enrolments", b"", "registrar")
    check(status == 400, "an empty request")
    town.command("enrol", "audit/enrolment.request", "--out", "audit.bundle")
    check(town.size() == size, "an auditor is not in the log")
    town.run(AUDITOR, "join", "--dir", "audit", "audit.bundle")
    town.run(AUDITOR, "follow", "--dir", "audit", "--once")
    out, _ = town.run(AUDITOR, "status", "--dir", "audit", "--json")
    say("an auditor joined and followed: " + out.strip()[:60])


def killed(town, person):
    """What was acknowledged is there after a kill at that very moment."""
    endpoint = open(os.path.join(town.hub, "endpoint"), encoding="utf-8").read()
    size = town.size()
    path = f"/api/v1/staff/{person}/grants"
    town.call("POST", path, {"roles": "custodian", "station": "hub"}, "leader")
    check(town.end(signal.SIGKILL) == -signal.SIGKILL, "killed")
    status = town.start("--drill")
    check(int(status["size"]) == size + 2, f"grant and audience: {size} -> {status['size']}")
    check(status["endpoint"] == endpoint, "another port than in the bundles")
    listed = {p["staff"]: p for p in town.call("GET", "/api/v1/staff")["staff"]}
    roles = [g["roles"] for g in listed[person]["grants"]]
    check(roles == [["hub_operator"], ["custodian"]], f"grants after the kill: {roles}")
    town.call("POST", path, {"roles": "custodian", "station": "hub"}, "leader", 401)
    town.call("POST", "/api/v1/drill/clock", {"offset_ms": 86400000})
    check(town.size() == size + 2, "a drill is no clock step")
    say("killed after an answer: nothing lost; tokens died with the daemon")


def root_of(leaves):
    """RFC 6962, written from the text."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def export(town):
    town.command("log", "export", town.file("export"))
    size = town.size()
    leaves = []
    for name in sorted(os.listdir(town.file("export/leaves"))):
        data = open(town.file("export/leaves/" + name), "rb").read()
        while data:
            length = int.from_bytes(data[:4], "big")
            leaves.append(data[4:4 + length])
            data = data[4 + length:]
    check(len(leaves) == size, f"{len(leaves)} leaves exported of {size}")
    note = open(town.file("export/checkpoint"), encoding="utf-8").read().split("\n")
    check(note[0] == "hub.xian.zhen.jieli/1" and int(note[1]) == size, f"checkpoint {note}")
    check(base64.b64decode(note[2]) == root_of(leaves), "the leaves do not give the signed root")
    for name in os.listdir(town.file("export/blobs")):
        data = open(town.file("export/blobs/" + name), "rb").read()
        check(hashlib.sha256(data).hexdigest() == name, "a blob under another name")
    for name in NAMES.values():
        check(not any(name.encode() in leaf for leaf in leaves), f"{name} is in the log")
    status, _ = town.ask("GET", "/api/v1/log/leaves?from=-1")
    check(status == 400, "leaves from -1")
    status, content = town.ask("GET", f"/api/v1/log/leaves?from={size}")
    check(status == 200 and content == b"", "leaves beyond the end")
    status, _ = town.ask("GET", "/api/v1/log/blobs/" + "00" * 32)
    check(status == 404, "a blob of nobody")
    say(f"{size} leaves exported; their root, computed anew, is the signed one; no names in them")


def metrics(town):
    text, _ = town.command("metrics")
    values = {}
    for line in text.strip().split("\n"):
        if not line.startswith("#"):
            match = re.fullmatch(r"(jieli_[a-z_]+(?:\{[^}]*\})?) (-?[0-9.]+)", line)
            check(match, f"not a metric: {line}")
            values[match.group(1)] = float(match.group(2))
    check(values["jieli_log_leaves"] == town.size(), "leaves")
    for name in ("jieli_lmdb_used_bytes", "jieli_lmdb_map_bytes", 'jieli_cases{state="examining"}',
                 "jieli_deadline_overdue_cases", 'jieli_verify_failures_total{reason="nack"}'):
        check(name in values, f"no {name}")
    for name in NAMES.values():
        check(name not in text, "a name in the metrics")


def play(town):
    people = found(town)
    town.start()
    check(town.editions() == dict.fromkeys(("policy", "catalogue", "calendar", "departments",
                                             "stations"), 0),
          "editions before any")
    _, error = town.command("run", code=6)
    check("运行" in error, f"a second daemon: {error}")
    town.command("check", code=6)
    town.file("wrong.pass", "not these words\n")
    town.command("--as", people["leader"], "--password-file", "wrong.pass", "unlock", code=5)
    town.command("--as", NAMES["leader"], "--password-file", "leader.pass", "unlock")
    with open(os.path.join(town.hub, "token"), encoding="utf-8") as file:
        town.tokens["leader"] = file.read().strip()
    town.unlock("registrar", NAMES["registrar"], "registrar words here")
    publish(town)
    person = staff(town)
    auditor(town)
    status, _ = town.ask("POST", "/api/v1/drill/clock", {"offset_ms": 1})
    check(status == 404, "the clock moves without --drill")
    killed(town, person)
    export(town)
    metrics(town)
    out, _ = town.command("queue")
    check("没有" in out, f"queue: {out}")
    out, _ = town.command("--lang", "en", "queue")
    check("nothing" in out, f"queue: {out}")
    size = town.size()
    check(town.end(signal.SIGTERM) == 0, "SIGTERM does not end it cleanly")
    check(not os.path.exists(os.path.join(town.hub, "ctl.sock")), "the socket stayed")
    town.command("status", code=3)
    out, _ = town.command("--json", "check")
    verdict = json.loads(out)
    check(verdict["ok"] and int(verdict["leaves"]) == size == int(verdict["accepted"]),
          f"check: {verdict}")
    say(f"ended cleanly; the store of {size} leaves is whole")


def main():
    town = Town(tempfile.mkdtemp(prefix="jieli-hub-"))
    try:
        play(town)
        return 0
    except AssertionError as error:
        print(f"hub_life: {error}", file=sys.stderr)
        if os.path.exists(town.log):
            print(open(town.log, encoding="utf-8").read()[-4000:], file=sys.stderr)
        return 1
    finally:
        if town.daemon is not None:
            town.daemon.kill()
            town.daemon.wait()
        shutil.rmtree(town.folder)


if __name__ == "__main__":
    sys.exit(main())
