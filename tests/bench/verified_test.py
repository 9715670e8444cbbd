#!/usr/bin/env python3
"""The hub that verifies nothing exists in the bench build alone: no other preset, no default and no
program that people run has any part of it."""

import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = b"JIELI_BENCH_UNVERIFIED"
PROGRAMS = ("township-hub", "village-node", "district-auditor")


def fail(what):
    print(f"verified_test: {what}")
    sys.exit(1)


def check_presets():
    with open(os.path.join(ROOT, "CMakePresets.json"), encoding="utf-8") as text:
        presets = json.load(text)["configurePresets"]
    on = [one["name"] for one in presets if "JIELI_BENCH_UNVERIFIED" in
          one.get("cacheVariables", {})]
    if on != ["bench"]:
        fail(f"presets that set the option: {on}")


def check_build(build):
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as text:
        on = "JIELI_BENCH_UNVERIFIED:BOOL=ON" in text.read().splitlines()
    bench = os.path.join(build, "tests", "bench", "township-hub-unverified")
    if not on and os.path.exists(bench):
        fail(f"{bench} exists although the option is off")
    if on and os.path.exists(bench) and not marked(bench):
        fail("the bench hub has lost its mark, so this test would see nothing")
    for name in PROGRAMS:
        if marked(os.path.join(build, name, name)):
            fail(f"{name} contains the bench build's code")


def marked(path):
    with open(path, "rb") as binary:
        return MARK in binary.read()


def main():
    if len(sys.argv) != 2:
        fail("usage: verified_test.py BUILD")
    check_presets()
    check_build(sys.argv[1])
    print("the programs verify; only the bench preset builds one that does not")


if __name__ == "__main__":
    main()
