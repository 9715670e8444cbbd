"""Syscall traces: does a server sync its disk before it answers?"""

import re
import shutil
import signal
import subprocess
import tempfile
import time

from machine import tree

SYNCS = ("fsync", "fdatasync", "msync")
READS = ("read", "readv", "recvfrom", "recvmsg")
SENDS = ("sendto", "sendmsg", "write", "writev")
CALL = re.compile(r"^\s*(\d+)\s+(?:<\.\.\. (\w+) resumed>|(\w+)\()")


def order(pids, work):
    """Runs work() (200 events, one unanswered at a time) with the server under strace. Counts
    answers with and without a finished sync since their request."""
    if shutil.which("strace") is None:
        return {"seen": None, "why": "strace is not installed (deploy/install-deps --bench)"}
    words = ["strace", "-f", "-qq", "-yy", "-s", "0", "-e",
             "trace=" + ",".join((*SYNCS, *READS, *SENDS))]
    for pid in pids:
        for one in tree(pid):
            words += ["-p", str(one)]
    with tempfile.NamedTemporaryFile(suffix=".strace") as out:
        tracer = subprocess.Popen([*words, "-o", out.name], stderr=subprocess.PIPE)
        time.sleep(1.0)
        if tracer.poll() is not None:
            why = tracer.stderr.read().decode("utf-8", "replace").strip()
            tracer.stderr.close()
            return {"seen": None, "why": why}
        try:
            work()
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(timeout=30)
            tracer.stderr.close()
        with open(out.name, encoding="utf-8", errors="replace") as text:
            return count(text)


class Order:
    """Request, sync, answer: what one after another was seen to do."""

    def __init__(self):
        self.asked = self.synced = False
        self.syncs = self.after_sync = self.without = 0
        self.unfinished = {}

    def take(self, line):
        match = CALL.match(line)
        if match is None:
            return
        thread, name, resumed = match.group(1), match.group(2) or match.group(3), match.group(2)
        what = self.unfinished.pop(thread, "") + line if resumed else line
        begins = resumed is None
        ended = "unfinished ..." not in line
        if not ended:
            self.unfinished[thread] = line.partition("<unfinished")[0]
        returned = re.search(r"= (-?\d+)", line.rpartition(")")[2])
        if name in SYNCS and ended:
            self.syncs += 1
            self.synced = True
        elif name in READS and ended and "<TCP" in what and returned and int(returned[1]) > 0:
            self.asked, self.synced = True, False
        elif name in SENDS and begins and self.asked and "<TCP" in what:
            self.after_sync += self.synced
            self.without += not self.synced
            self.asked = False


def count(lines):
    """A sync counts when it has returned, an answer when its send begins."""
    seen = Order()
    for line in lines:
        seen.take(line)
    return {"seen": seen.after_sync >= 190 and seen.without <= 20, "syncs": seen.syncs,
            "answers_after_sync": seen.after_sync, "answers_without": seen.without}
