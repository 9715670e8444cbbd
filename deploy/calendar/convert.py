#!/usr/bin/env python3
"""Turns the JSON of the npm package chinese-days into calendar files, one a year.

usage: convert.py package/dist/chinese-days.json FOLDER YEAR...

Writes FOLDER/cn-YEAR.txt. Run it when the notice for a new year has reached the package; check the
result against the notice of the State Council before it is published.
"""
import datetime
import json
import pathlib
import sys

HEAD = """# {year} 年工作日历 / working days of {year}
# 格式见 README.md / format: README.md
# NOTICE: converted from the npm package chinese-days {version}, Copyright (c) 2024 Yawei sun,
# NOTICE: MIT licence (LICENSE-chinese-days in this folder).
year {year}
"""
ONE_DAY = datetime.timedelta(days=1)


def name_of(entry):
    """An entry is "English,中文,days"."""
    return entry.split(",")[1]


def ranges(days):
    """Joins neighbouring days of one name: (first, last, name), by rising day."""
    joined = []
    for day, name in sorted(days):
        if joined and joined[-1][1] + ONE_DAY == day and joined[-1][2] == name:
            joined[-1][1] = day
        else:
            joined.append([day, day, name])
    return joined


def lines(word, days, suffix):
    for first, last, name in ranges(days):
        span = f"{first}" if first == last else f"{first}..{last}"
        yield first, f"{word} {span} {name}{suffix}"


def of_year(entries, year):
    days = ((datetime.date.fromisoformat(day), name_of(entry)) for day, entry in entries.items())
    return [(day, name) for day, name in days if day.year == year]


def calendar(data, version, year):
    holidays = of_year(data["holidays"], year)
    if not holidays:
        sys.exit(f"convert.py: no holidays for {year}")
    text = list(lines("holiday", holidays, ""))
    text += lines("workday", of_year(data["workdays"], year), "补班")
    return HEAD.format(year=year, version=version) + "".join(f"{t}\n" for _, t in sorted(text))


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1])
    data = json.loads(source.read_text(encoding="utf-8"))
    package = json.loads((source.parent.parent / "package.json").read_text(encoding="utf-8"))
    for year in sys.argv[3:]:
        target = pathlib.Path(sys.argv[2]) / f"cn-{year}.txt"
        target.write_text(calendar(data, package["version"], int(year)), encoding="utf-8")


if __name__ == "__main__":
    main()
