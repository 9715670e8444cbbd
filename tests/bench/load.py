"""One run of bench_load beside a server, and what it cost both."""

import json
import subprocess

import machine


class Failed(Exception):
    """A load that did not get through."""


def run(builds, words, server_pids, timeout=300):
    """The load's JSON, with the server's CPU seconds during the work as server_cpu_s."""
    process = subprocess.Popen([builds.tool("bench_load"), *words], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline().strip() != "ready":
            raise Failed(process.stderr.read().strip() or "the load did not start")
        before = machine.cpu_s(server_pids)
        process.stdin.write("go\n")
        process.stdin.flush()
        line = process.stdout.readline()
        after = machine.cpu_s(server_pids)
        if not line:
            raise Failed(process.stderr.read().strip() or "the load ended early")
        found = json.loads(line)
        found["server_cpu_s"] = after - before
        process.stdin.close()
        process.wait(timeout=timeout)
        return found
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            stream.close()
