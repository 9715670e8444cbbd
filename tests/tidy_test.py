#!/usr/bin/env python3
"""Proves that tests/tidy.py sees each offence: a clean small tree, then one offence at a time."""
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import tidy  # noqa: E402

CLEAN = {
    "README.md": "# A\n\n```\n# no heading\n```\n## B\n",
    "README.zh-CN.md": "# 甲\n\n## 乙\n",
    "common/rules/CMakeLists.txt": "add_module(NAME rules SOURCES due.c TESTS due_test.c)\n",
    "common/rules/README.md": "# rules\n\n## Code structure\n- `due.h` `due.c` when it is due\n",
    "common/rules/due.h": "int due_day(int day);\n",
    "common/rules/due.c": '#include "rules/due.h"\n\n#include "base/err.h"\n#include <string.h>\n',
    "tests/unit/README.md": "# unit\n\n## Code structure\n- `due_test.c` due\n",
    "tests/unit/due_test.c": '#include "rules/due.h"\n#include <cmocka.h>\n#include <lmdb.h>\n',
}
DUE = "common/rules/due.c"
DUE_TEXT = CLEAN[DUE]


def function(lines):
    """A function whose braces stand lines lines apart, both counted."""
    return "int due_day(int day) {\n" + "    day++;\n" * (lines - 2) + "}\n"


class TidyTest(unittest.TestCase):
    def tree(self, changes):
        """Writes CLEAN with changes (None deletes) into a fresh folder and gives its path."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path, text in {**CLEAN, **changes}.items():
            if text is None:
                continue
            full = os.path.join(folder.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
        return folder.name

    def expect(self, changes, *expected):
        found, _ = tidy.offences(self.tree(changes))
        self.assertEqual([f"{p}:{n}: {m}" for p, n, m in found], list(expected))

    def expect_code(self, code, *expected, path=DUE):
        """expected: (line of code, message) pairs; code stands behind the clean includes."""
        text = DUE_TEXT if path == DUE else ""
        folder, name = os.path.split(path)
        cmake, readme = folder + "/CMakeLists.txt", folder + "/README.md"
        before = text.count("\n")
        self.expect({path: text + code,
                     cmake: CLEAN.get(cmake, "") + f"add_library(x {name})\n",
                     readme: CLEAN.get(readme, "## Code structure\n") + f"- `{name}` x\n"},
                    *(f"{path}:{before + line}: {message}" for line, message in expected))

    def test_clean(self):
        self.expect({})

    def test_skipped_folders(self):
        bad = "FIXME\n"
        self.expect({"build/x.c": bad, "out/x.c": bad, "web/node_modules/a/x.c": bad})
        self.expect({"web/build/x.md": bad}, "web/build/x.md:1: unfinished mark FIXME")

    def test_file_length(self):
        line = "int due_x(void);\n"
        self.expect({"common/rules/due.h": line * 500})
        self.expect({"common/rules/due.h": line * 501},
                    "common/rules/due.h:501: file has 501 lines, at most 500")

    def test_function_length(self):
        self.expect_code(function(60))
        self.expect_code(function(61), (1, "function has 61 lines, at most 60"))
        self.expect_code("static int due(int a,\n               int b) {\n" + "    a++;\n" * 59
                         + "}\n",
                         (2, "function has 61 lines, at most 60"))
        self.expect_code(function(61).replace("{", "\n{", 1),
                         (2, "function has 61 lines, at most 60"))
        self.expect_code("static const int table[] = {\n" + "    1,\n" * 80 + "};\n")
        self.expect_code(function(40) + function(61), (41, "function has 61 lines, at most 60"))

    def test_line_length(self):
        self.expect_code("/* " + "村" * 94 + " */\n")
        self.expect_code("/* " + "村" * 95 + " */\n", (1, "line has 101 columns, at most 100"))
        self.expect({"notes.md": "x" * 300 + "\n"})
        self.expect({"deploy/go": "#!/usr/bin/env bash\n" + "x" * 101 + "\n"},
                    "deploy/go:2: line has 101 columns, at most 100")

    def test_tables_are_code(self):
        self.expect({"common/rules/x.def": "x" * 101 + "\n" * 501},
                    "common/rules/x.def:1: line has 101 columns, at most 100",
                    "common/rules/x.def:501: file has 501 lines, at most 500")

    def test_encoding(self):
        self.expect({"notes.md": b"\xff\n"}, "notes.md:1: is not UTF-8")

    def test_library_headers(self):
        for header, folder in (("sodium.h", "seal"), ("lmdb.h", "store"), ("zmq.h", "link"),
                               ("czmq.h", "link"), ("microhttpd.h", "http"),
                               ("curl/curl.h", "http"), ("protobuf-c/protobuf-c.h", "wire"),
                               ("event.pb-c.h", "wire"), ("wire/event.pb-c.h", "wire"),
                               ("jansson.h", "wire"), ("zstd.h", "wire"), ("ini.h", "node"),
                               ("qrencode.h", "print"), ("xlsxwriter.h", "print")):
            for text in (f"#include <{header}>\n", f'#  include "{header}"\n'):
                self.expect_code(text, path=f"common/{folder}/x.c")
                self.expect_code(text, (1, f"<{header}> belongs to common/{folder} only"))
                self.expect_code(text, (1, f"<{header}> belongs to common/{folder} only"),
                                 path="village-node/x.c")
        self.expect_code("#include <uv.h>\n",
                         (1, "<uv.h> is in no row of the include table of tests/tidy.py"),
                         path="village-node/x.c")
        self.expect_code("/*\n#include <lmdb.h>\n*/\n// #include <lmdb.h>\n")

    def test_layers(self):
        allowed = {"base": "", "rules": "base", "sync": "base", "seal": "base",
                   "tlog": "base seal", "store": "base", "wire": "base rules sync seal",
                   "fold": "base rules wire seal tlog store", "link": "base", "http": "base",
                   "node": "base seal link http"}
        for layer, below in allowed.items():
            for target in allowed:
                text = f'#include "{target}/y.h"\n'
                fine = target == layer or target in below.split()
                message = f"common/{layer} may not include {target}/"
                offences = [] if fine else [(1, message)]
                self.expect_code(text, *offences, path=f"common/{layer}/x.c")
            self.expect_code(f'#include "{layer}/y.h"\n', path="township-hub/x.c")
        self.expect_code('#include "../base/err.h"\n',
                         (1, '"../base/err.h": name a header from common/, not from above'))
        self.expect_code("int x;\n", (1, "common/extra is in no layer of tests/tidy.py"),
                         path="common/extra/x.c")

    def test_pure_layers(self):
        message = "<time.h> brings a clock, disk, socket or thread into common/{}"
        for layer in ("rules", "sync", "tlog"):
            path = f"common/{layer}/x.c"
            self.expect_code("#include <time.h>\n", (1, message.format(layer)), path=path)
            self.expect_code('int x(void) {\n    return puts("");\n}\n',
                             (2, f"puts() reaches outside: common/{layer} only computes"),
                             path=path)
            self.expect_code("int x(void) {\n    return snprintf(0, 0, 0);\n}\n", path=path)
        self.expect_code("#include <time.h>\n", path="common/store/x.c")

    def test_banned_calls(self):
        for name in "strcpy strcat sprintf vsprintf atoi atol strtok rand srand gets".split():
            self.expect_code(f"/* {name}(x) */\nint x = {name} (1);\n", (2, f"{name}() is banned"))
            self.expect_code(f'const char *x = "{name}(";\nint y = my_{name}(1);\n')
        self.expect_code("int x = strtok_r(1), y = fgets(2), z = snprintf(3);\n")

    def test_clock(self):
        message = "{}() reads a clock: the time is a parameter outside common/node"
        for name in ("time", "clock_gettime", "gettimeofday"):
            code = f"int x = {name}(0);\n"
            self.expect_code(code, (1, message.format(name)))
            for path in ("common/base/x.c", "tests/unit/due_test.c", "township-hub/x.c"):
                self.expect_code(code, (1, message.format(name)), path=path)
            for path in ("common/node/x.c", "common/base/log.c", "tests/bench/x.c"):
                self.expect_code(code, path=path)
        self.expect_code("int x = a.time(0) + b->time(0) + due_time(0);\n")

    def test_store_flags(self):
        for flag in ("NOSYNC", "NOMETASYNC", "MAPASYNC", "WRITEMAP"):
            code = f"void x(void) {{\n    open(a | MDB_{flag});\n}}\n"
            self.expect_code(code, (2, f"MDB_{flag} loses acknowledged data"),
                             path="common/store/x.c")
            self.expect_code(f"_Static_assert((FLAGS &\n MDB_{flag}) == 0);\n"
                             f"void x(void) {{\n    CHECK(!(a & MDB_{flag}));\n}}\n"
                             f"#undef MDB_{flag}\n#pragma GCC poison open MDB_{flag}\n",
                             path="common/store/x.c")

    def test_marks(self):
        for mark in ("FIXME", "TODO", "XXX"):
            self.expect({"notes.md": f"a\n{mark}: b\n"}, f"notes.md:2: unfinished mark {mark}")
        self.expect({"notes.md": "X01 X12.. file.XXXXXX FIXMES XXX村\n"})

    def test_words(self):
        for word in ("helper session", "Assistant", "language models", "ChatGPT", "claude",
                     "Anthropic", "copilot", "LLM", "llms"):
            self.expect({"a.txt": word + "\n"}, f"a.txt:1: says how it was written: {word}")
        self.expect({"a.txt": "LLVM, LLVMFuzzer, assistance\n", "LICENSE": "assistant\n"})

    def test_machine_paths(self):
        for path, found in (("/work/main", "/work/"), ("/root/x", "/root/"),
                            ("/tmp/jieli/build", "/tmp/jieli")):
            self.expect({"a.txt": f"see {path}\n"}, f"a.txt:1: path of one machine: {found}")
        self.expect({"a.txt": "docs/work/x ./root/x /tmp/jieli-XXXXXX /workshop/\n"})

    def test_numbers(self):
        def machine(code):
            return {"common/rules/machine_case.c": code,
                    "common/rules/CMakeLists.txt": CLEAN["common/rules/CMakeLists.txt"]
                    + "add_library(x machine_case.c)\n",
                    "common/rules/README.md":
                        "## Code structure\n- due.c due.h machine_case.c case_x.def\n"}
        self.expect(machine("int a[] = {0, 1, 1U};\nenum verb { OPENED = 7 };\n"))
        self.expect(machine("int a[] = {0, 1, 1U};\nint b = 15;\n"),
                    "common/rules/machine_case.c:2: 15 belongs in policy")
        self.expect(machine("enum { NOTICES_MAX = 3 };\n"),
                    "common/rules/machine_case.c:1: NOTICES_MAX looks like a limit: it belongs in "
                    "policy")
        rows = {"common/rules/case_x.def": "{ROW(12), .form = 3, WHEN(kind, 2)}\n{LIMIT(30)}\n"}
        self.expect({**machine("int a;\n"), **rows},
                    "common/rules/case_x.def:2: 30 belongs in policy")

    def test_cmake(self):
        lost = "no CMakeLists.txt or .cmake file names this file"
        cmake = "common/rules/CMakeLists.txt"
        self.expect({cmake: "# due.c due_test.c\n"}, f"{DUE}:1: {lost}",
                    f"tests/unit/due_test.c:1: {lost}")
        self.expect({cmake: None,
                     "x.cmake": "a(${CMAKE_SOURCE_DIR}/common/rules/due.c due_test.c)"})
        self.expect({cmake: "a(${CMAKE_CURRENT_SOURCE_DIR}/due.c ../../tests/unit/due_test.c)"})
        self.expect({cmake: "set(unit ${CMAKE_SOURCE_DIR}/tests/unit)\n"
                            "foreach(name due)\n  a(${name}.c ${unit}/due_test.c)\nendforeach()\n"})
        self.expect({cmake: "set(unit ${CMAKE_SOURCE_DIR}/unit)\na(due.c ${unit}/due_test.c)\n"},
                    f"tests/unit/due_test.c:1: {lost}")
        self.expect({"common/rules/event.pb-c.h": ""},
                    "common/rules/README.md:4: does not name event.pb-c.h",
                    "common/rules/event.pb-c.h:1: generated code is never committed")

    def test_readmes(self):
        readme = "common/rules/README.md"
        self.expect({readme: None}, f"{readme}:1: missing: a folder with sources needs one")
        self.expect({readme: "# x\n\n## Code structure\n- `due.c` `due.h.in`\n"},
                    f"{readme}:4: does not name due.h")
        self.expect({readme: "# x `due.h` `due.c`\n"}, f"{readme}:1: has no '## Code structure'")
        self.expect({readme: CLEAN[readme] + "- `late.c` gone\n"},
                    f"{readme}:5: names late.c, which does not exist")
        self.expect({readme: CLEAN[readme] + "\n" * 36})
        self.expect({readme: CLEAN[readme] + "\n" * 37}, f"{readme}:41: more than 40 lines")
        self.expect({"proto/x.proto": ""}, "proto/README.md:1: missing: a folder with sources "
                                           "needs one")

    def test_languages(self):
        chinese = "README.zh-CN.md"
        self.expect({chinese: None}, f"{chinese}:1: missing: the README stands in English and in "
                                     "Chinese")
        self.expect({chinese: "# 甲\n\n### 乙\n"},
                    f"{chinese}:3: heading of level 3, README.md has 2 here")
        self.expect({chinese: "# 甲\n\n## 乙\n## 丙\n"}, f"{chinese}:4: 3 headings, README.md has 2")

    def test_command(self):
        def run(*arguments):
            command = [sys.executable, os.path.join(HERE, "tidy.py"), *arguments]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        clean = run(self.tree({}))
        self.assertEqual((clean.returncode, clean.stdout),
                         (0, f"tidy: {len(CLEAN)} files read, 0 offences\n"))
        bad = run(self.tree({"a.txt": "FIXME\n"}))
        self.assertEqual((bad.returncode, bad.stdout.split("\n")[0]),
                         (1, "a.txt:1: unfinished mark FIXME"))
        self.assertEqual(run().returncode, 2)


if __name__ == "__main__":
    unittest.main()
