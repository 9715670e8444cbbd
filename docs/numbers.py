#!/usr/bin/env python3
"""Writes docs/numbers.md: every number (N), open parameter (P) and contradiction (X) of the rule
book's chapters 2 and 8, what sets it and which test stands at its border.

Usage: numbers.py [--check] ROOT
Read: common/rules/policy.def (names and sources), deploy/catalogue/catalogue.txt (tags in its
remarks), docs/numbers.list (those that parameterise nothing, with the reason), and the tags of the
tests as in regimes.py. --check writes nothing and fails when the page is not up to date or when one
has neither a test nor a reason. Exit 0: good, 1: not, 2: wrong usage.
"""
import os
import re
import sys

import regimes

POLICY = re.compile(r'POLICY\(\w+,\s*"([^"]+)",.*?"((?:[NPXR]\d|6\.)[^"]*)"', re.S)
RANGES = (("N", 76), ("P", 24), ("X", 33))


def set_by(root):
    """{"N36": ["attendance.publish_day", ...]}"""
    found = {}
    for name, source in POLICY.findall(regimes.read(os.path.join(root, "common/rules/policy.def"))):
        for tag in regimes.ANY.findall(source):
            found.setdefault(tag, []).append(f"`{name}`")
    text = regimes.read(os.path.join(root, "deploy/catalogue/catalogue.txt"))
    for line in text.splitlines():
        for tag in re.findall(r"\b[NPX]\d\d\b", "" if line.startswith("#") else line):
            if "catalogue" not in found.setdefault(tag, []):
                found[tag].append("catalogue")
    return found


def reasons(root):
    text = regimes.read(os.path.join(root, "docs/numbers.list"))
    return dict(line.split("|") for line in text.splitlines() if line and line[0] != "#")


def page(wanted, setters, tests, excused):
    lines = ["# Numbers, open parameters, contradictions", "",
             "Made by `docs/numbers.py` from `common/rules/policy.def`, the catalogue and the tags "
             "of the tests; do not edit.", "", "| id | set by | proven by |", "|---|---|---|"]
    for tag in wanted:
        proof = "; ".join(regimes.named(*test) for test in tests.get(tag, []))
        by = ", ".join(setters.get(tag, [])) or ("-" if tag in excused else "the tables")
        lines.append(f"| {tag} | {by} | {proof or excused.get(tag, '-')} |")
    return "\n".join(lines) + "\n"


def made(root):
    tests = regimes.tests(root)
    for tag, by in regimes.unit_tests(root, re.compile(r"(?:views|rules)_\w*test\.c")).items():
        tests.setdefault(tag, []).extend(by)
    wanted = [f"{letter}{number:02}" for letter, last in RANGES for number in range(1, last + 1)]
    excused = reasons(root)
    problems = [f"{tag} stands at no border: tag a case with it" for tag in wanted
                if tag not in tests and tag not in excused]
    problems += [f"{tag} has a test and needs no reason in docs/numbers.list" for tag in excused
                 if tag in tests]
    return page(wanted, set_by(root), tests, excused), problems


if __name__ == "__main__":
    sys.exit(regimes.keep(sys.argv[1:], __doc__, "numbers", made))
