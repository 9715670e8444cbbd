#!/usr/bin/env python3
"""Writes docs/regimes.md: the rule book's 120 regimes, what carries each, and which test proves it.

Usage: regimes.py [--check] ROOT
Read: docs/regimes.list (names), the tables common/rules/*.def and machine_*.c and
common/views/*.def (rows with SOURCE(article, regimes)), tests/rules/*.cases, where a comment line
"# R46 R72" tags the scenario or table that follows it (N, P and X are for numbers.py), and
tests/unit/views_*_test.c, where the comment before a test does. --check writes nothing and fails
when the page is not up to date, when a table or test names a regime that is not in the list, when a
regime of class X has no reason, or when another is not carried or not proven.
Exit 0: good, 1: not, 2: wrong usage.
"""
import os
import re
import sys

ROW = re.compile(r"\{(?:ROW|FROM)\(.*?SOURCE\(\s*\"([^\"]*)\"\s*,\s*\"([^\"]*)\"\s*\)", re.S)
VERB = re.compile(r"DOES\(\s*([A-Z_]+)\s*\)")
TAG = re.compile(r"^#\s+([RNPX]\d+(?:\s+[RNPX]\d+)*)\s*$")
REGIME = re.compile(r"\bR\d+")
ANY = re.compile(r"\b[RNPX]\d+")
VIEW = re.compile(r"\{NAME\(\"([^\"]+)\".*?SOURCE\(\s*\"[^\"]*\"\s*,\s*\"([^\"]*)\"\s*\)", re.S)
UNIT = re.compile(r"(?:desk_)?views_\w*test\.c")
COMMENT = re.compile(r"/\*([^*]*)\*/\s*static void (test_\w+)\(")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def names(root):
    """{"R01": (class, Chinese, English, reason)} in order."""
    found = {}
    for line in read(os.path.join(root, "docs/regimes.list")).splitlines():
        if line and not line.startswith("#"):
            number, kind, zh, en, *reason = line.split("|")
            found[number] = (kind, zh, en, reason[0] if reason else "")
    return found


def rows(root):
    """{"R01": {"contact": ["received", ...]}}: the verbs whose rows carry a regime."""
    folder = os.path.join(root, "common/rules")
    carried = {}
    for name in sorted(os.listdir(folder)):
        if not (name.endswith(".def") or re.fullmatch(r"machine_\w+\.c", name)):
            continue
        for match in ROW.finditer(read(os.path.join(folder, name))):
            verb = VERB.search(match.group(0))
            if verb is None:
                continue
            machine, _, action = verb.group(1).lower().partition("_")
            for regime in REGIME.findall(match.group(2)):
                verbs = carried.setdefault(regime, {}).setdefault(machine, [])
                if action not in verbs:
                    verbs.append(action)
    return carried


def views(root):
    """{"R02": {"view": ["first-contacts", ...]}}: views, indicators and findings."""
    carried = {}
    for name, what in (("views", "view"), ("kpi", "indicator"), ("findings", "finding")):
        for match in VIEW.finditer(read(os.path.join(root, f"common/views/{name}.def"))):
            for regime in REGIME.findall(match.group(2)):
                carried.setdefault(regime, {}).setdefault(what, []).append(match.group(1))
    return carried


def unit_tests(root, wanted=UNIT):
    """{"R02": [("views_list_test.c", "test_first_contacts", "")]}"""
    folder = os.path.join(root, "tests/unit")
    proven = {}
    for name in sorted(os.listdir(folder)):
        text = read(os.path.join(folder, name)) if wanted.fullmatch(name) else ""
        for match in COMMENT.finditer(text):
            for regime in ANY.findall(match.group(1)):
                proven.setdefault(regime, []).append((name, match.group(2), ""))
    return proven


def tests(root):
    """{"R46": [("office_complaint.cases", 12, title)]}: tagged scenarios and tables."""
    folder = os.path.join(root, "tests/rules")
    proven = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".cases"):
            continue
        waiting = []
        for number, line in enumerate(read(os.path.join(folder, name)).splitlines(), 1):
            tag = TAG.match(line)
            if tag:
                waiting += ANY.findall(tag.group(1))
            elif waiting and line and not line.startswith("#"):
                title = line[len("scenario "):] if line.startswith("scenario ") else line
                for regime in waiting:
                    proven.setdefault(regime, []).append((name, number, title.strip()))
                waiting = []
    return proven


def named(name, place, title):
    """A test by its name: a scenario's English title, a table's first line, a C function."""
    stem = name.rsplit(".", 1)[0]
    if not title:
        return f"`{stem}` {place}"
    return f"`{stem}` " + title.split(" / ")[-1].split("|")[0].strip()


def carrier(machines):
    return "; ".join(f"{machine}: {', '.join(verbs)}" for machine, verbs in machines.items())


def page(listed, carried, proven):
    whole = sum(1 for regime in listed if regime in carried and regime in proven)
    reasons = sum(1 for kind, *_ in listed.values() if kind == "X")
    lines = ["# The rule book's regimes, and what carries each", "",
             "Made by `docs/regimes.py` from the tables of `common/rules` and `common/views` and "
             "the tags of `tests/rules` and `tests/unit/views_*`; do not edit.",
             "Class F: a function, D: data or documents, C: checklist only, X: outside.", "",
             f"{len(listed)} regimes: {whole} carried by rows and proven by a tagged test, "
             f"{len([r for r in listed if r in carried]) - whole} carried without such a test, "
             f"{reasons} outside with a reason.", "",
             "| regime | class | carried by | proven by |", "|---|---|---|---|"]
    for regime, (kind, zh, en, reason) in listed.items():
        by = carrier(carried[regime]) if regime in carried else "not carried yet"
        proof = "; ".join(named(*test) for test in proven.get(regime, []))
        if kind == "X" and regime not in carried:
            by = reason
        lines.append(f"| {regime} {zh} / {en} | {kind} | {by} | {proof or '-'} |")
    return "\n".join(lines) + "\n"


def keep(arguments, usage, name, make):
    """[--check] ROOT: writes or checks docs/NAME.md as make(root) -> (text, problems) has it."""
    check = arguments[:1] == ["--check"]
    arguments = arguments[1:] if check else arguments
    if len(arguments) != 1:
        print(usage, file=sys.stderr)
        return 2
    text, problems = make(arguments[0])
    path = os.path.join(arguments[0], f"docs/{name}.md")
    if check and (not os.path.exists(path) or read(path) != text):
        problems.append(f"docs/{name}.md is not up to date: run docs/{name}.py ROOT")
    if not check and not problems:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def made(root):
    listed, carried, proven = names(root), rows(root), tests(root)
    for regime, by in views(root).items():
        carried.setdefault(regime, {}).update(by)
    for regime, by in unit_tests(root).items():
        proven.setdefault(regime, []).extend(by)
    carried.setdefault("R59", {})["every row"] = ["who"]
    proven = {regime: by for regime, by in proven.items() if regime.startswith("R")}
    problems = [f"{regime} is not in docs/regimes.list" for regime in sorted({*carried, *proven})
                if regime not in listed]
    problems += [f"{regime} is {what}, and is not outside" for regime, entry in listed.items()
                 for what, known in (("not carried", carried), ("proven by no test", proven))
                 if entry[0] != "X" and regime not in known]
    problems += [f"{regime} is outside without a reason" for regime, entry in listed.items()
                 if entry[0] == "X" and not entry[3]]
    problems += [f"R{number:02} is missing in docs/regimes.list" for number in range(1, 121)
                 if f"R{number:02}" not in listed]
    return page(listed, carried, proven), problems


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:], __doc__, "regimes", made))
