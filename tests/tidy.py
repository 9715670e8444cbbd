#!/usr/bin/env python3
"""Holds the tree to the house rules that no compiler checks; CONTRIBUTING.md tells them in words.

Usage: tidy.py ROOT
Prints each offence as file:line: message. Exit 0: none, 1: some, 2: wrong usage.
"""
import os
import re
import sys

FILE_LINES, FUNCTION_LINES, COLUMNS, README_LINES = 500, 60, 100, 40

PROGRAMS = ("village-node", "township-hub", "district-auditor")
CODE_ROOTS = ("common", "tests") + PROGRAMS
SKIPPED_AT_ROOT = {"build", "out"}
SKIPPED_ANYWHERE = {".git", ".cache", "node_modules", "__pycache__"}
OWN_RULES = {"tests/tidy.py", "tests/tidy_test.py"}  # these must spell what they ban

# What a folder of common/ may include of our own folders, besides itself.
LAYERS = {
    "base": (),
    "rules": ("base",),
    "views": ("base", "rules"),  # tables over facts: as pure as the rules they read
    "sync": ("base",),
    "seal": ("base",),
    "tlog": ("base", "seal"),
    "store": ("base",),
    "wire": ("base", "rules", "sync", "seal"),
    "fold": ("base", "rules", "views", "wire", "seal", "tlog", "store"),
    "link": ("base",),
    "http": ("base",),
    "node": ("base", "seal", "link", "http"),
    "print": ("base",),
    "xlsx": ("base", "rules"),  # days of a spreadsheet are civil days
    "forms": ("base", "rules", "seal", "views"),
    "desk": ("base", "seal", "rules", "wire", "tlog", "store", "fold", "http", "node",
             "views", "forms", "print", "xlsx"),
}
PURE = ("rules", "views", "sync", "tlog")

# The only folder that may include a library's header.
ONLY = (
    (r"sodium(\.h|/.*)", "common/seal"),
    (r"openssl/.*", "common/seal"),
    (r"lmdb\.h", "common/store"),
    (r"c?zmq(_utils)?\.h", "common/link"),
    (r"microhttpd\.h|curl/.*", "common/http"),
    (r"(google/)?protobuf-c/.*|(.*/)?[^/]+\.pb-c\.h", "common/wire"),
    (r"jansson\.h|zstd(_errors)?\.h", "common/wire"),
    (r"ini\.h", "common/node"),
    (r"zip\.h|expat\.h", "common/xlsx"),  # what a spreadsheet is made of
    (r"qrencode\.h|xlsxwriter\.h", "common/print"),
    (r"libpq-fe\.h|amqp\w*\.h", "tests/bench"),  # clients of the peers it is measured beside
)
LIBC = set("""
argp.h arpa/inet.h assert.h byteswap.h ctype.h dirent.h endian.h errno.h error.h execinfo.h
fcntl.h float.h fnmatch.h fts.h getopt.h glob.h grp.h iconv.h ifaddrs.h inttypes.h langinfo.h
libgen.h limits.h locale.h malloc.h math.h mntent.h net/if.h netdb.h netinet/in.h netinet/tcp.h
poll.h pthread.h pwd.h regex.h sched.h semaphore.h setjmp.h signal.h spawn.h stdalign.h stdarg.h
stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h strings.h
sys/epoll.h sys/eventfd.h sys/file.h sys/inotify.h sys/ioctl.h sys/mman.h sys/mount.h sys/prctl.h
sys/random.h sys/resource.h sys/select.h sys/sendfile.h sys/signalfd.h sys/socket.h sys/stat.h
sys/statfs.h sys/statvfs.h sys/syscall.h sys/sysinfo.h sys/sysmacros.h sys/time.h sys/timerfd.h
sys/types.h sys/uio.h sys/un.h sys/utsname.h sys/vfs.h sys/wait.h sysexits.h syslog.h termios.h
threads.h time.h uchar.h unistd.h wchar.h wctype.h
""".split())
# Headers of the C library that bring no clock, disk, socket, thread or random number.
LIBC_PURE = set("""
assert.h byteswap.h ctype.h endian.h errno.h inttypes.h limits.h stdalign.h stdarg.h stdbool.h
stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h
""".split())

BANNED_CALLS = r"strcpy|strcat|sprintf|vsprintf|atoi|atol|strtok|rand|srand|gets"
CLOCK_CALLS = r"time|clock_gettime|gettimeofday"
IMPURE_CALLS = r"fopen|fdopen|freopen|tmpfile|v?f?printf|f?puts|getenv|system|popen|random"
CLOCK_FOLDERS = ("common/node", "tests/bench", "tests/scenario")
CLOCK_FILES = ("common/base/log.c",)
BANNED_FLAGS = re.compile(r"\bMDB_(NOSYNC|NOMETASYNC|MAPASYNC|WRITEMAP)\b")
# A statement or a line that bans such a flag.
BANS = re.compile(r"\s*(CHECK|_Static_assert|assert_\w+)\s*\(")
BANS_LINE = re.compile(r"[ \t]*#[ \t]*(undef|pragma[ \t]+GCC[ \t]+poison)\b")
MARKERS = re.compile(r"\b(FIXME|TODO|XXX)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.)}$-])/(?:work|root)/|/tmp/jieli(?![\w.-])")
WORDS = re.compile(
    r"\b(helper session|assistant|language model|chatgpt|claude|anthropic|copilot|llm)s?\b", re.I)
NUMBERS = re.compile(r"(?<![\w.])(?!(?:0x)?[01][uUlL]*\b)\d[\w.]*")
# Names of numbers that would be rules, and those that are only structure: a code's range, a mask,
# the calendar, what a record can hold.
LIMIT_NAME = r"\b(\w*(?:_MAX|_MIN|_LEAST|_DAYS|_HOURS|_MINUTES|_POINTS|_PERCENT|_LIMIT))\s*=\s*\d"
STRUCTURE = {"COPIES_MAX", "OUTAGE_SHEETS_MAX"}
NOT_TABLES = ("policy.def", "fields.def", "office.def", "case_guards.def", "refusals.def",
              "refusals_office.def", "refusals_world.def")
COMMENT_OR_TEXT = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
INCLUDE = re.compile(r"[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]")


class Source:
    """One text file: path is relative to the root, code has comments and texts blanked."""

    def __init__(self, path, text):
        self.path = path
        self.folder, self.name = os.path.split(path)
        self.lines = text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.is_c = self.name.endswith((".c", ".h"))
        self.in_code = path.split("/")[0] in CODE_ROOTS
        self.in_tests = path.startswith("tests/")
        self.code = COMMENT_OR_TEXT.sub(blank, text) if self.is_c else ""
        self.code_lines = self.code.split("\n")
        self.is_shell = text.startswith("#!") and "sh" in self.lines[0]

    def has_code_columns(self):
        return self.is_shell or self.name == "CMakeLists.txt" or self.name.endswith(
            (".c", ".h", ".def", ".proto", ".py", ".cmake"))

    def under(self, folder):
        return self.folder == folder or self.folder.startswith(folder + "/")


def blank(match):
    text = match.group(0)
    keep = text[0] if text[0] in "\"'" else " "
    return keep + re.sub(r"[^\n]", " ", text[1:-1]) + keep


def read_tree(root):
    """Every text file of the tree, in a fixed order."""
    sources = []
    for folder, folders, names in os.walk(root):
        at = os.path.relpath(folder, root)
        skipped = SKIPPED_ANYWHERE | (SKIPPED_AT_ROOT if at == "." else set())
        folders[:] = sorted(f for f in folders if f not in skipped)
        for name in sorted(names):
            path = os.path.normpath(os.path.join(at, name))
            full = os.path.join(folder, name)
            if os.path.islink(full) or not os.path.isfile(full):
                continue
            with open(full, "rb") as file:
                data = file.read()
            if b"\0" not in data:
                sources.append(Source(path, data.decode("utf-8", "replace")))
    return sources


def check_sizes(source):
    size = len(source.lines)
    if source.name.endswith((".c", ".h", ".def", ".proto", ".py")) and size > FILE_LINES:
        yield size, f"file has {size} lines, at most {FILE_LINES}"
    for number, line in enumerate(source.lines, 1):
        if source.has_code_columns() and len(line) > COLUMNS:
            yield number, f"line has {len(line)} columns, at most {COLUMNS}"
        if "\ufffd" in line:
            yield number, "is not UTF-8"


def check_functions(source):
    """A function runs from the line of its opening brace to the next closing brace in column 0."""
    opened = 0
    for number, line in enumerate(source.code_lines, 1):
        line = line.rstrip()
        if not opened:
            opened = number if line.endswith("{") else 0
        elif line.startswith("}"):
            size = number - opened + 1
            if line == "}" and size > FUNCTION_LINES:
                yield opened, f"function has {size} lines, at most {FUNCTION_LINES}"
            opened = 0


def check_includes(source):
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        if not match or not source.code_lines[number - 1].strip():
            continue
        message = include_offence(source, match.group(1) == "<", match.group(2))
        if message:
            yield number, message


def include_offence(source, angled, header):
    if source.in_tests:
        return None
    for pattern, folder in ONLY:
        if re.fullmatch(pattern, header):
            return None if source.under(folder) else f"<{header}> belongs to {folder} only"
    layer = source.path.split("/")[1] if source.under("common") else ""
    if angled:
        if header not in LIBC and not header.startswith("linux/"):
            return f"<{header}> is in no row of the include table of tests/tidy.py"
        if layer in PURE and header not in LIBC_PURE:
            return f"<{header}> brings a clock, disk, socket or thread into common/{layer}"
        return None
    if "/" not in header:
        return None
    target = header.split("/")[0]
    if target == "..":
        return f'"{header}": name a header from common/, not from above'
    if layer and target not in LAYERS.get(layer, ()) + (layer,):
        return f"common/{layer} may not include {target}/"
    return None


def check_calls(source):
    clock_allowed = source.path in CLOCK_FILES or any(source.under(f) for f in CLOCK_FOLDERS)
    layer = source.path.split("/")[1] if source.under("common") else ""
    bans = [(BANNED_CALLS, "is banned")]
    if not clock_allowed:
        bans.append((CLOCK_CALLS, "reads a clock: the time is a parameter outside common/node"))
    if layer in PURE:
        bans.append((IMPURE_CALLS, f"reaches outside: common/{layer} only computes"))
    for pattern, message in bans:
        for match in re.finditer(rf"(?<![\w.])(?<!->)({pattern})\s*\(", source.code):
            yield line_of(source.code, match.start()), f"{match.group(1)}() {message}"
    for match in BANNED_FLAGS.finditer(source.code):
        number = line_of(source.code, match.start())
        statement = re.split(r"[;{}]", source.code[:match.start()])[-1]
        if not BANS.match(statement) and not BANS_LINE.match(source.code_lines[number - 1]):
            yield number, f"{match.group(0)} loses acknowledged data"


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_words(source):
    if source.path in OWN_RULES or source.path == "LICENSE":
        return
    for number, line in enumerate(source.lines, 1):
        for pattern, message in ((MARKERS, "unfinished mark {}"),
                                 (MACHINE_PATHS, "path of one machine: {}"),
                                 (WORDS, "says how it was written: {}")):
            match = pattern.search(line)
            if match:
                yield number, message.format(match.group(0))


def check_numbers(source):
    """Days, minutes, points, counts of the rule book are policy. In the machines a number may only
    be a code: in an enum, a row's number or form, a choice of WHEN."""
    is_table = source.name.endswith(".def") and source.name not in NOT_TABLES
    if source.folder != "common/rules" or not (
            is_table or re.fullmatch(r"(machine|case)_\w+\.c|office\.c", source.name)):
        return
    code = source.code if source.is_c else COMMENT_OR_TEXT.sub(blank, "\n".join(source.lines))
    for body in re.finditer(r"\benum\b[^{;()]*\{[^}]*\}", code):
        for name in re.findall(LIMIT_NAME, body.group(0)):
            if name not in STRUCTURE:
                number = code.count("\n", 0, body.start()) + 1
                yield number, f"{name} looks like a limit: it belongs in policy"
    for pattern in (r"\benum\b[^{;()]*\{[^}]*\}", r"\bROW\(\d+\)", r"\.form = \d+",
                    r"\bWHEN\(\w+, \d+\)"):
        code = re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group(0)), code)
    for number, line in enumerate(code.split("\n"), 1):
        match = None if line.lstrip().startswith("#") else NUMBERS.search(line)
        if match:
            yield number, f"{match.group(0)} belongs in policy"


def cmake_names(source):
    """The .c files that a CMakeLists.txt or .cmake file names, as paths below the root.

    Variables set to one word are followed; where a loop builds names (${x}.c), every word of the
    file counts as a name.
    """
    text = re.sub(r"#[^\n]*", "", "\n".join(source.lines))
    for name, value in re.findall(r"\bset\s*\(\s*(\w+)\s+([^\s()]+)\s*\)", text):
        text = text.replace("${" + name + "}", value)
    text = re.sub(r"\$\{(CMAKE|PROJECT)_SOURCE_DIR\}/", "//", text)
    text = re.sub(r"\$\{CMAKE_CURRENT_(SOURCE|LIST)_DIR\}/", "", text)
    tokens = re.findall(r"[\w./-]+\.c\b", text)
    if re.search(r"\$\{\w+\}\.c\b", text):
        tokens += [word + ".c" for word in re.findall(r"[\w-]+", text)]
    for token in tokens:
        here = token[2:] if token.startswith("//") else os.path.join(source.folder, token)
        yield os.path.normpath(here)
        if "/" not in token:  # add_module and add_unit_test find these themselves
            yield "tests/unit/" + token


def check_cmake(sources):
    """Every .c file is named in some CMakeLists.txt or .cmake file; none is generated."""
    named = set()
    for source in sources:
        if source.name == "CMakeLists.txt" or source.name.endswith(".cmake"):
            named.update(cmake_names(source))
    for source in sources:
        if re.search(r"\.pb-c\.[ch]$", source.name):
            yield source.path, 1, "generated code is never committed"
        elif source.name.endswith(".c") and source.path not in named:
            yield source.path, 1, "no CMakeLists.txt or .cmake file names this file"


def check_readmes(sources):
    """Every folder with sources has a short README whose code structure is true."""
    readmes = {s.folder: s for s in sources if s.name == "README.md"}
    paths = {s.path for s in sources}
    folders = {}
    for source in sources:
        if source.name.endswith((".c", ".h", ".proto")):
            folders.setdefault(source.folder, []).append(source.name)
    for folder, names in sorted(folders.items()):
        readme = readmes.get(folder)
        if readme is None:
            yield os.path.join(folder, "README.md"), 1, "missing: a folder with sources needs one"
            continue
        text = "\n".join(readme.lines)
        for name in names:
            if not re.search(rf"(?<![\w.-]){re.escape(name)}(?!\.?[\w-])", text):
                yield readme.path, len(readme.lines), f"does not name {name}"
    for folder, readme in sorted(readmes.items()):
        if folder:
            yield from check_readme(readme, paths)


def check_readme(readme, paths):
    if len(readme.lines) > README_LINES:
        yield readme.path, len(readme.lines), f"more than {README_LINES} lines"
    if "## Code structure" not in readme.lines:
        yield readme.path, len(readme.lines), "has no '## Code structure'"
        return
    start = readme.lines.index("## Code structure")
    for number, line in enumerate(readme.lines[start:], start + 1):
        for token in re.findall(r"`([\w./-]+\.(?:c|h|proto|py|cmake))`", line):
            if os.path.normpath(os.path.join(readme.folder, token)) not in paths:
                yield readme.path, number, f"names {token}, which does not exist"


def headings(source):
    """(line, level) of each heading outside fenced blocks."""
    fenced = False
    found = []
    for number, line in enumerate(source.lines, 1):
        if line.startswith("```"):
            fenced = not fenced
        match = None if fenced else re.match(r"(#+) ", line)
        if match:
            found.append((number, len(match.group(1))))
    return found


def check_languages(sources):
    by_path = {s.path: s for s in sources}
    english, chinese = by_path.get("README.md"), by_path.get("README.zh-CN.md")
    if english is None or chinese is None:
        path = "README.md" if english is None else "README.zh-CN.md"
        yield path, 1, "missing: the README stands in English and in Chinese"
        return
    ours, theirs = headings(english), headings(chinese)
    for (_, level), (number, other) in zip(ours, theirs):
        if level != other:
            yield chinese.path, number, f"heading of level {other}, README.md has {level} here"
            return
    if len(ours) != len(theirs):
        yield chinese.path, len(chinese.lines), f"{len(theirs)} headings, README.md has {len(ours)}"


def check_layers(sources):
    """A new folder of common/ must be placed in the layers before it is used."""
    seen = set()
    for source in sources:
        parts = source.path.split("/")
        if source.is_c and parts[0] == "common" and len(parts) > 2 and parts[1] not in seen:
            seen.add(parts[1])
            if parts[1] not in LAYERS:
                yield source.path, 1, f"common/{parts[1]} is in no layer of tests/tidy.py"


def offences(root):
    """Sorted (path, line, message) of the whole tree."""
    sources = read_tree(root)
    found = []
    for source in sources:
        checks = [check_sizes, check_words]
        if source.is_c and source.in_code:
            checks += [check_functions, check_includes, check_calls]
        checks.append(check_numbers)
        for check in checks:
            found += [(source.path, line, message) for line, message in check(source)]
    for check in (check_cmake, check_readmes, check_languages, check_layers):
        found += list(check(sources))
    return sorted(set(found)), len(sources)


def main(arguments):
    if len(arguments) != 1 or not os.path.isdir(arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    found, count = offences(arguments[0])
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    print(f"tidy: {count} files read, {len(found)} offences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
