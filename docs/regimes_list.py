#!/usr/bin/env python3
"""Turns docs/regimes.list into rows of a C table, at build time.

Usage: regimes_list.py LIST OUTPUT
Exit 0: written, 2: wrong usage.
"""
import json
import sys


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip() and line[0] != "#"]
    with open(arguments[1], "w", encoding="utf-8") as out:
        for line in lines:
            fields = (line.split("|") + [""])[:5]
            out.write("{" + ", ".join(json.dumps(f, ensure_ascii=False) for f in fields) + "},\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
