"""What must hold, and what was seen: the gate table and the readable tables."""


def figure(value):
    if value is None:
        return "-"
    if isinstance(value, dict):
        if value["min"] == value["max"]:
            return figure(value["median"])
        return f"{figure(value['median'])} [{figure(value['min'])}..{figure(value['max'])}]"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def median(value):
    return value["median"] if isinstance(value, dict) else value


class Gate:
    """A line of the acceptance. least: seen must be at least the goal; else at most."""

    def __init__(self, line, goal, seen, least=True, quiet=True, aim=None):
        self.line, self.goal, self.seen, self.least = line, goal, seen, least
        self.quiet, self.aim = quiet, aim

    def verdict(self):
        seen = median(self.seen)
        if seen is None:
            return "not seen"
        holds = seen >= self.goal if self.least else seen <= self.goal
        return ("holds" if holds else "LOSES") + ("" if self.quiet else ", but noisy")

    def row(self):
        sign = ">=" if self.least else "<="
        aim = f" (aim {self.aim})" if self.aim is not None else ""
        return [self.line, f"{sign} {self.goal}{aim}", figure(self.seen), self.verdict()]

    def json(self):
        return {"line": self.line, "goal": self.goal, "at": "least" if self.least else "most",
                "seen": self.seen, "verdict": self.verdict()}


def gates(found):
    """The gates of the parts that were run."""
    return [gate for part, make in (("a", of_ingest), ("b", of_transport), ("e", of_sizes),
                                    ("f", of_audit), ("g", of_scale), ("h", of_due))
            if part in found and "failed" not in found[part] for gate in make(found[part])]


def of_ingest(a):
    return [Gate("(a) verified ingest / verify limit", 0.75, a["ratio"], quiet=a["quiet"],
                 aim=0.9),
            Gate("(d) hub CPU s per 100,000 events beside verification", 3,
                 a["beside_verify_s_100k"], least=False, quiet=a["quiet"], aim=1.5)]


def of_transport(b):
    window = max(b["points"]["jieli"])
    rows = []
    for name, text in (("redis", "Redis appendfsync always, one event a request"),
                       ("postgres", "PostgreSQL, batches of 100")):
        ratio = b["ratios"].get(f"jieli/{name}")
        rows.append(Gate(f"(b) transport and store / {text}, window {window}", 1.5,
                         ratio and ratio[window], quiet=b["quiet"]))
    for name, about in b["about"].items():
        seen = about.get("trace", {}).get("seen")
        if about["durable"] and "trace" in about:
            rows.append(Gate(f"(b) {about['title']}: sync before answer traced", 1,
                             None if seen is None else int(seen)))
    return rows


def of_sizes(e):
    return [Gate(f"(e) bytes on the {where} / NATS, {text}", 0.65,
                 e[name].get("ratio", {}).get(where), least=False)
            for name, text in (("events", "events"), ("with_parts", "events and sealed parts"))
            for where in ("wire", "disk")]


def of_audit(f):
    return [Gate("(f) auditor's full replay / verify limit", 0.8, f["ratio"], quiet=f["quiet"])]


def of_scale(g):
    sizes = list(g["points"])
    return [Gate(f"(g) {daemon}: {text}, most / least over {min(sizes)}..{max(sizes)} events",
                 1.5, g["flat"][daemon][name], least=False)
            for daemon in ("hub", "station", "auditor")
            for name, text in (("rss_anon_kb", "RssAnon"), ("start_cpu_ms", "start-up, CPU"))]


def of_due(h):
    return [Gate("(h) 100,000 cases: RssAnon of the daemon, MB", 128, h["rss_anon_kb"] / 1024,
                 least=False)]


def table(rows):
    """Lines with columns in line; first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
             for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def of_part(name, part):
    """The readable form of one part."""
    if "failed" in part:
        return [part["failed"]]
    return {"a": show_ingest, "b": show_transport, "c": show_latency, "e": show_sizes,
            "f": show_audit, "g": show_scale, "h": show_due}[name](part)


def rounds_of(part):
    quiet = "" if part["quiet"] else ", NONE OF THEM QUIET ENOUGH: figures are not to be trusted"
    return f"{part['rounds']} rounds counted, {part['noisy_rounds']} noisy{quiet}"


def show_ingest(a):
    rows = [["", "median [min..max]"]]
    for name, text in (("per_s", "events/s, verified, ruled, durable, answered"),
                       ("limit_per_s", "verify limit beside it, all cores, 512 B"),
                       ("ratio", "ratio"),
                       ("hub_cpu_s_100k", "CPU s per 100,000 events: hub"),
                       ("load_cpu_s_100k", "CPU s per 100,000 events: load"),
                       ("verify_cpu_us", "CPU us a verification, calibrated"),
                       ("beside_verify_s_100k", "(d) hub CPU beside verification"),
                       ("wire_bytes_event", "bytes an event in push frames"),
                       ("hub_rss_anon_kb", "hub's RssAnon behind it, kB"),
                       ("refused", "refused by a rule")):
        rows.append([text, figure(a[name])])
    return [a["what"], rounds_of(a), *table(rows)]


def show_transport(b):
    windows = list(b["points"]["jieli"])
    rows = [["events/s", *[f"window {window}" for window in windows]]]
    for name, points in b["points"].items():
        rows.append([b["about"][name]["title"] + ("" if b["about"][name]["durable"] else
                                                  " (NOT durable)"),
                     *[figure(points[window]["per_s"]) for window in windows]])
    ratios = [["ours / theirs", *[f"window {window}" for window in windows]]]
    for pair, points in b["ratios"].items():
        ours, peer = pair.split("/")
        ratios.append([f"{b['about'][ours]['title']} / {peer}",
                       *[figure(points[window]["median"])
                         + (" we lose" if points[window]["median"] < 1 else "")
                         for window in windows]])
    traces = [["sync before answer, 200 traced", "seen", "after a sync", "without"]]
    for about in b["about"].values():
        trace = about.get("trace")
        if trace is not None:
            traces.append([about["title"], {True: "yes", False: "NO", None: trace.get("why", "")}[
                trace["seen"]], str(trace.get("answers_after_sync", "")),
                str(trace.get("answers_without", ""))])
    missing = [f"missing: {name}: {why}" for name, why in b["missing"].items()]
    return [b["what"], rounds_of(b), *missing, *table(rows), "", *table(ratios), "",
            *table(traces)]


def show_latency(c):
    rows = [["one at a time", "p50 us", "p99 us", "events/s"]]
    for name, each in c["p"].items():
        rows.append([name + (" (verified, ruled)" if name == "jieli" else ""),
                     *[figure(each[key]) for key in ("p50_us", "p99_us", "per_s")]])
    return [c["what"], rounds_of(c), *table(rows)]


def show_sizes(e):
    rows = [["bytes an event", "wire", "disk"]]
    for name, text in (("events", "events"), ("with_parts", "events and sealed parts")):
        for who in ("jieli", "nats", "ratio"):
            if who in e[name]:
                count = f", {e[name]['jieli']['events']:,}" if who != "ratio" else ""
                rows.append([f"{text}{count}: {who}", figure(e[name][who]["wire"]),
                             figure(e[name][who]["disk"])])
    lines = [e["what"], *table(rows)]
    for name, text in (("events", "events"), ("with_parts", "events and sealed parts")):
        rows = [[f"{text}: in our store", "bytes an event"]]
        rows += [[what, figure(size)] for what, size in e[name]["jieli"]["by"].items()]
        lines += ["", *table(rows)]
    return lines


def show_audit(f):
    rows = [["", "events/s", "of the verify limit"],
            ["verify of an export", figure(f["per_s"]), figure(f["ratio"])]]
    if "follow" in f:
        rows.append(["follow --once from the hub", figure(f["follow"]["per_s"]),
                     figure(f["follow"]["ratio"])])
    return [f["what"], rounds_of(f), *table(rows)]


def show_scale(g):
    rows = [["events", *[f"{daemon}: {text}" for daemon in ("hub", "station", "auditor")
                         for text in ("start ms", "CPU ms", "RssAnon kB", "most")]]]
    for count, point in g["points"].items():
        rows.append([str(count), *[figure(point[daemon].get(name)) for daemon in
                                   ("hub", "station", "auditor")
                                   for name in ("start_ms", "start_cpu_ms", "rss_anon_kb",
                                                "rss_anon_most_kb")]])
    return [g["what"], *table(rows)]


def show_due(h):
    rows = [["", "first", "median", "worst"]]
    for name, text in (("due", "a page of what is due, ms"), ("open", "a case opened, ms"),
                       ("search", "a search by name, ms")):
        rows.append([text, *[figure(h[name][key]) for key in ("first_ms", "ms", "worst_ms")]])
    rest = [["limit", h["limit"]]]
    rest += [[text, figure(h[name])] for name, text in (
        ("start_ms", "start until the control socket answers, ms"),
        ("start_cpu_ms", "the same, CPU ms"),
        ("command_ms", "village-node show, the command's start and end included, ms"),
        ("unlocked_nobody_kb", "RssAnon while nobody is unlocked, kB"),
        ("names_s", "all names and numbers searchable after somebody unlocked, s"),
        ("rss_anon_kb", "RssAnon then, kB"),
        ("with_page_cache_most_kb", "most the group used, page cache included, kB"))]
    return [h["what"], *table(rows), "", *table([["", "seen"], *rest])]
