"""The demo's machines: folders, daemons, and the commands people type."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time


class StepFailed(Exception):
    pass


def file_with(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, 0o600)
    return path


class Program:
    """One program's folder and, while it runs, its daemon."""

    def __init__(self, binary, folder, log_folder):
        self.binary = binary
        self.folder = folder
        self.name = os.path.basename(folder)
        self.log = os.path.join(log_folder, self.name + ".log")
        self.process = None
        self.token_of = None

    def command(self, *words, check=True, feed=None):
        """Runs one command on this folder; answers (exit code, stdout, stderr)."""
        line = [self.binary, words[0], *words[1:], "--dir", self.folder]
        done = subprocess.run(line, capture_output=True, input=feed, timeout=120, check=False)
        out = done.stdout
        err = done.stderr.decode("utf-8", "replace")
        if check and done.returncode != 0:
            raise StepFailed(f"{' '.join(words)}: exit {done.returncode}\n{err}{out[:500]!r}")
        return done.returncode, out, err

    def ask(self, *words, check=True):
        """A command's answer as JSON; a list for several lines."""
        code, out, err = self.command(*words, "--json", check=check)
        lines = [line for line in out.decode("utf-8").splitlines() if line.strip()]
        try:
            answers = [json.loads(line) for line in lines]
        except ValueError:
            answers = [json.loads(out.decode("utf-8"))]
        answer = answers[0] if len(answers) == 1 else answers
        if isinstance(answer, dict):
            answer["_exit"] = code
            answer["_stderr"] = err
        return answer

    def start(self, *options):
        out = open(self.log, "ab")
        self.process = subprocess.Popen([self.binary, "run", "--dir", self.folder, *options],
                                        stdout=out, stderr=out)
        out.close()
        self.options = options
        self.wait_ready()

    def wait_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StepFailed(f"{self.name} ended: {self.tail()}")
            code, _, _ = self.command("status", "--json", check=False)
            if code == 0:
                return
            time.sleep(0.05)
        raise StepFailed(f"{self.name} does not answer: {self.tail()}")

    def tail(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as text:
                return "".join(text.readlines()[-8:])
        except OSError:
            return ""

    def kill(self):
        """The power goes: SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None
        self.token_of = None

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        self.token_of = None

    def running(self):
        return self.process is not None and self.process.poll() is None


class Person:
    """Somebody with a key file at one machine."""

    def __init__(self, program, name, staff, password_file, title):
        self.program = program
        self.name = name
        self.staff = staff
        self.password_file = password_file
        self.title = title

    def __str__(self):
        return f"{self.title}{self.name}"

    def sit_down(self):
        if self.program.token_of != self.staff:
            self.program.command("unlock", self.staff, "--password-file", self.password_file)
            self.program.token_of = self.staff

    def act(self, machine, verb, check=True, **fields):
        """One event: fields become options, a list one option an entry."""
        self.sit_down()
        words = [machine, verb]
        for key, value in fields.items():
            option = "--" + key.replace("_", "-")
            for one in value if isinstance(value, list) else [value]:
                words += [option, str(one)]
        return self.program.ask(*words, check=check)


def wait_for(what, probe, seconds=60):
    """Asks probe until it answers something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = probe()
        if answer:
            return answer
        time.sleep(0.05)
    raise StepFailed(f"waited in vain: {what}")


def api(program, method, path, body=None, token=None):
    """One call to a daemon's control socket, as a page would make it."""
    link = http.client.HTTPConnection("localhost", timeout=60)
    link.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.sock.connect(os.path.join(program.folder, "ctl.sock"))
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    link.request(method, path, None if body is None else json.dumps(body), headers)
    reply = link.getresponse()
    text = reply.read()
    link.close()
    return reply.status, json.loads(text) if text else {}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
