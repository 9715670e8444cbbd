#!/usr/bin/env python3
"""Writes docs/machines.md: a state diagram of each machine of the rules, read off its table.

Usage: machines.py [--check] ROOT
Read: common/rules/machine_*.c (states, verbs, rows written there) and the *.def that they include.
--check writes nothing and fails when the page is not up to date or when a row names a state that
its machine does not have. Exit 0: good, 1: not, 2: wrong usage.
"""
import os
import re
import sys

import regimes

NAME = re.compile(r'\{([A-Z_]+),\s*"([a-z_]+)",\s*"([^"]*)"\}')
MACHINE = re.compile(r'\.name = "(\w+)",\s*\.zh = "([^"]*)"')
INCLUDE = re.compile(r'#include "rules/(\w+\.def)"')
DEFINE = re.compile(r"#define (\w+)\s+((?:[^\n]*\\\n)*[^\n]*)")
ROW = re.compile(r"\{(?:ROW\(\d+\), )?FROM\((.*?)\),\s*DOES\((\w+)\)(.*?)SOURCE\(", re.S)


def states_in(text, defines, prefix):
    """The states a FROM() or a name in it stands for."""
    found = []
    for word in re.findall(r"IN\((\w+)\)|(\w+)", text):
        if word[0]:
            found.append(prefix + word[0])
        elif word[1] == "FROM_NONE":
            found.append("")
        elif word[1] in defines:
            found += states_in(defines[word[1]], defines, prefix)
    return found


def rows(folder, text):
    parts = [regimes.read(os.path.join(folder, name)) for name in INCLUDE.findall(text)
             if re.search(r"\.def$", name) and not name.startswith(("case_guards", "office"))]
    return ROW.findall("\n".join(parts + [text]))


def diagram(folder, name):
    text = regimes.read(os.path.join(folder, name))
    machine = MACHINE.search(text)
    named = {number: (word, zh) for number, word, zh in NAME.findall(text)}
    stem = re.search(r"TO\(state\) (\w+)##state", text)
    prefix = stem.group(1) if stem else "NOTE_STATE_"
    defines = {key: value for key, value in DEFINE.findall(text) if key not in ("IN", "TO")}
    lines = [f"## {machine.group(2)} {machine.group(1)}", "", "```mermaid", "stateDiagram-v2"]
    lines += [f"    {word}: {zh}" for number, (word, zh) in named.items()
              if number.startswith(prefix)]
    edges, problems = {}, []
    for start, verb, rest in rows(folder, text):
        to = re.search(r"\.to = (?:TO\((\w+)\)|(\w+))", rest)
        target = prefix + to.group(1) if to.group(1) else to.group(2)
        for state in states_in(start, defines, prefix):
            end = state if target == "RULE_SAME" else target
            if end == "RULE_RESUME":
                end = ""
            for known in (state, end):
                if known and known not in named:
                    problems.append(f"{name}: no state {known}")
            edge = (named[state][0] if state in named else "[*]",
                    named[end][0] if end in named else "[*]")
            action = named[verb][1] if verb in named else verb.lower()
            if action not in edges.setdefault(edge, []):
                edges[edge].append(action)
    lines += [f"    {start} --> {end}: {'、'.join(actions)}"
              for (start, end), actions in edges.items()]
    return lines + ["```", ""], problems


def made(root):
    folder = os.path.join(root, "common/rules")
    lines = ["# The machines' diagrams", "",
             "Made by `docs/machines.py` from the tables of `common/rules`; do not edit. `[*]` is "
             "where a record begins,", "and where a suspension goes back to.", ""]
    problems = []
    for name in sorted(os.listdir(folder)):
        if re.fullmatch(r"machine_\w+\.c", name):
            drawn, wrong = diagram(folder, name)
            lines += drawn
            problems += wrong
    return "\n".join(lines).rstrip("\n") + "\n", problems


if __name__ == "__main__":
    sys.exit(regimes.keep(sys.argv[1:], __doc__, "machines", made))
