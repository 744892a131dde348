#!/usr/bin/env python3
"""test/style.py: the marks of this source text that a machine can check. Prints TAP.

A rule yields its findings as `file:line: what`. It reads the files that git knows or would take
(outside a repository: all of them). Samples are what the world sends and are left alone. The C
rules lean on clang-format: a function's body is what stands between a lone `{` and a lone `}` in
the first column.
"""

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
OPTOUT = Path(os.environ.get("OPTOUT", BUILD / "optout"))

COLUMNS = 100
FUNCTION_LINES = 80
FUNCTION_MEDIAN = 20
BRANCHES = 25
HEADLESS_LINES = 150  # a .c file longer than this says at its head what it is for

SOURCE = ("base/", "include/", "src/", "lib/", "cmd/")
SAMPLES = ("fuzz/seeds/", "test/vectors/", "test/corpus/", "LICENSE")
HEAP_DOOR = "base/mem.c"

BANNED = {
    "strcpy": "has no bound",
    "strcat": "has no bound",
    "sprintf": "has no bound",
    "vsprintf": "has no bound",
    "gets": "has no bound",
    "atoi": "cannot fail",
    "strtok": "keeps state between calls",
    "gmtime": "keeps state between calls",
    "localtime": "depends on the machine's time zone",
    "system": "runs a shell",
    "popen": "runs a shell",
    "malloc": "is for base/mem.c",
    "calloc": "is for base/mem.c",
    "realloc": "is for base/mem.c",
    "free": "is for base/mem.c",
}
HEAP = {"malloc", "calloc", "realloc", "free"}

# Put together here so that this file does not find itself.
UNFINISHED = r"(?<![\w-])(" + "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK")) + r")\b"
MACHINE_PATHS = r"(?<![\w.])/(" + "|".join(("wo" "rk", "r" "oot", "fa" "rm")) + r")/"
REGISTRIES = r"\b(" + "|".join(("py" "pi\\.org", "registry\\.np" "mjs", "cra" "tes\\.io",
                               "proxy\\.gol" "ang", "deb\\.deb" "ian")) + r")"


# ---- reading

def tracked():
    """The paths of the project's own files, samples included."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
    else:
        names = [p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*")
                 if not p.relative_to(ROOT).parts[0].startswith(("build", ".git"))]
    return sorted(n for n in names if n and (ROOT / n).is_file())


def read_tree():
    """Every text file of ours as {path: text}."""
    files = {}
    for name in tracked():
        raw = (ROOT / name).read_bytes()
        if not name.startswith(SAMPLES) and b"\0" not in raw:
            files[name] = raw.decode(errors="replace")
    return files


def is_c(path):
    return path.endswith((".c", ".h"))


def is_code(path, text):
    return path.endswith((".c", ".h", ".py")) or text.startswith("#!")


def is_source(path):
    return is_c(path) and path.startswith(SOURCE)


def bare(text):
    """C without comments and literals; lines and columns stay where they were."""
    def blank(found):
        return re.sub(r"[^\n]", " ", found[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.DOTALL)


class Function:
    """A function's first line, the number of its lines, and its bare text."""

    def __init__(self, path, first, lines):
        self.place, self.length, self.text = f"{path}:{first + 1}", len(lines), "\n".join(lines)
        name = re.search(r"(\w+)\s*\(", self.text)
        self.name = name[1] if name else "?"

    def branches(self):
        words = re.findall(r"\b(?:if|for|while|case)\b|&&|\|\||\?", self.text)
        return 1 + len(words)


def functions(path, text):
    lines = bare(text).splitlines()
    open_at = None
    for number, line in enumerate(lines):
        if line.rstrip() == "{":
            open_at = number
            while open_at > 0 and re.match(r"\s*\w", lines[open_at - 1]):
                open_at -= 1
        elif line.rstrip() == "}" and open_at is not None:
            yield Function(path, open_at, lines[open_at:number + 1])
            open_at = None


def found_in(path, text, pattern):
    """The places of a pattern, as (place, what was found)."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.finditer(pattern, line):
            yield f"{path}:{number}", found[0]


# ---- rules

def head_faults(files):
    for path, text in files.items():
        needs = path.endswith(".h") or (path.endswith(".c") and text.count("\n") > HEADLESS_LINES)
        if needs and not text.startswith("/*"):
            yield f"{path}:1: no comment at the head says what this file is for"


def length_faults(files):
    for path, text in files.items():
        for f in functions(path, text) if is_c(path) else ():
            if f.length > FUNCTION_LINES:
                yield f"{f.place}: {f.name} has {f.length} lines, over {FUNCTION_LINES}"


def median_faults(files):
    lengths = [f.length for path, text in files.items() if is_source(path)
               for f in functions(path, text)]
    if lengths and statistics.median(lengths) > FUNCTION_MEDIAN:
        yield f"the median function has {statistics.median(lengths)} lines, over {FUNCTION_MEDIAN}"


def branch_faults(files):
    for path, text in files.items():
        for f in functions(path, text) if is_c(path) else ():
            if f.branches() > BRANCHES:
                yield f"{f.place}: {f.name} has {f.branches()} branches, over {BRANCHES}"


def banned_faults(files):
    pattern = r"(?<![\w.>])(" + "|".join(BANNED) + r")(?=\s*\()"
    for path, text in files.items():
        if not is_source(path):
            continue
        for place, name in found_in(path, bare(text), pattern):
            if not (path == HEAP_DOOR and name in HEAP):
                yield f"{place}: {name} {BANNED[name]}"


def tab_faults(files):
    for path, text in files.items():
        if is_code(path, text):
            for place, _ in found_in(path, text, r"\t"):
                yield f"{place}: a tab"


def trailing_faults(files):
    for path, text in files.items():
        for place, _ in found_in(path, text, r"[ \t\r]+$"):
            yield f"{place}: blanks at the end of the line"


def column_faults(files):
    for path, text in files.items():
        if is_code(path, text):
            for number, line in enumerate(text.splitlines(), 1):
                if len(line) > COLUMNS:
                    yield f"{path}:{number}: {len(line)} columns, over {COLUMNS}"


def newline_faults(files):
    for path, text in files.items():
        if text and not text.endswith("\n"):
            yield f"{path}:{len(text.splitlines())}: no newline at the end of the file"


def words_rule(pattern, what):
    def faults(files):
        for path, text in files.items():
            for place, word in found_in(path, text, pattern):
                yield f"{place}: {word}: {what}"
    return faults


unfinished_faults = words_rule(UNFINISHED, "unfinished work")
path_faults = words_rule(MACHINE_PATHS, "a path of one machine")
registry_faults = words_rule(REGISTRIES, "the host of a package registry")


def manual_faults(_):
    """Every verb that the built program's help names has its page."""
    if not OPTOUT.exists():
        return
    said = subprocess.run([str(OPTOUT), "--help"], capture_output=True, text=True, check=False)
    for verb in verbs(said.stdout):
        if not (ROOT / "man" / f"optout-{verb}.1.scd").exists():
            yield f"man/optout-{verb}.1.scd:1: the verb {verb} has no manual page"
    if said.returncode != 0 or not verbs(said.stdout):
        yield f"{OPTOUT.name} --help names no verb (exit status {said.returncode})"


def verbs(help_text):
    """The lines of the help that begin with two blanks and a lower-case word."""
    return sorted(set(re.findall(r"^  ([a-z]+) ", help_text, re.MULTILINE)))


RULES = [
    ("every header and every long file says what it is for", head_faults),
    (f"no function has over {FUNCTION_LINES} lines", length_faults),
    (f"the median function has at most {FUNCTION_MEDIAN} lines", median_faults),
    (f"no function has over {BRANCHES} branches", branch_faults),
    ("no banned function is called", banned_faults),
    ("no tabs", tab_faults),
    ("no blanks at the end of a line", trailing_faults),
    (f"no line is longer than {COLUMNS} columns", column_faults),
    ("every file ends with a newline", newline_faults),
    ("nothing is unfinished", unfinished_faults),
    ("no paths of one machine", path_faults),
    ("no hosts of package registries", registry_faults),
    ("every verb has its manual page", manual_faults),
]

# (rule, path, text, is it a fault?): the rules must find what they are for, and only that.
PROOFS = [
    (head_faults, "src/a.h", "#pragma once\n", True),
    (head_faults, "src/a.h", "/* src/a.h: what it is for. */\n", False),
    (head_faults, "src/a.c", "int x;\n" * (HEADLESS_LINES + 1), True),
    (length_faults, "src/a.c", "int f(void)\n{\n" + "    x();\n" * FUNCTION_LINES + "}\n", True),
    (length_faults, "src/a.c", "int f(void)\n{\n    x();\n}\n" * FUNCTION_LINES, False),
    (median_faults, "src/a.c", "int f(void)\n{\n" + "    x();\n" * FUNCTION_MEDIAN + "}\n", True),
    (branch_faults, "src/a.c", "int f(void)\n{\n" + "    if (a && b)\n" * BRANCHES + "}\n", True),
    (branch_faults, "src/a.c", "int f(void)\n{\n    /*" + " if" * 2 * BRANCHES + " */\n}\n", False),
    (banned_faults, "src/a.c", "    strcpy(a, b);\n", True),
    (banned_faults, "src/a.c", "    free(a);\n", True),
    (banned_faults, "src/a.c", "    mem_free(a); /* not free(a) */\n", False),
    (banned_faults, HEAP_DOOR, "    free(a);\n", False),
    (tab_faults, "src/a.c", "\tint x;\n", True),
    (trailing_faults, "src/a.c", "int x; \n", True),
    (column_faults, "src/a.c", "x" * (COLUMNS + 1) + "\n", True),
    (column_faults, "src/a.c", "x" * COLUMNS + "\n", False),
    (newline_faults, "src/a.c", "int x;", True),
    (unfinished_faults, "src/a.c", "/* TO" "DO later */\n", True),
    (path_faults, "doc/a.md", "see /r" "oot/a\n", True),
    (path_faults, "doc/a.md", "see the frame" "wo" "rk/a and src/r" "oot/a\n", False),
    (registry_faults, "doc/a.md", "https://py" "pi.org/a\n", True),
]


def check_proof(rule, path, text, bad):
    found = list(rule({path: text}))
    return [] if bool(found) == bad else [f"{'missed' if bad else 'found'}: {text[:60]!r}", *found]


def main():
    files = read_tree()
    cases = [(title, list(rule(files))) for title, rule in RULES]
    cases.append(("there is something to read", [] if files else ["no file found"]))
    titles = {rule: title for title, rule in RULES}
    for number, (rule, path, text, bad) in enumerate(PROOFS, 1):
        verb = "is broken by" if bad else "allows"
        cases.append((f"proof: '{titles[rule]}' {verb} example {number}",
                      check_proof(rule, path, text, bad)))

    print(f"1..{len(cases)}")
    for number, (title, faults) in enumerate(cases, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {title}")
        for fault in faults:
            print(f"# {fault}")
    return any(faults for _, faults in cases)


if __name__ == "__main__":
    sys.exit(main())
