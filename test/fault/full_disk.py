#!/usr/bin/env python3
"""A full disk: recording stops with exit 3, what was printed stays denied, room lets it go on."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from tap import FULL, case, contains, equal, exits, matches, optout, run, true  # noqa: E402

# The smallest leaves room for hardly more than the new directory itself.
SIZES_KB = (6000, 7000, 9000, 14000) if FULL else (6000, 9000)
LARGE_KB = 120000
BATCH = 2000


@contextlib.contextmanager
def disk(folder, size_kb):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def enlarge(folder, size_kb=LARGE_KB):
    subprocess.run(["mount", "-o", f"remount,size={size_kb}k", folder], check=True)


def lines(people):
    return "".join(p + "\n" for p in people)


def must_deny(data, people):
    if people:
        r = exits(optout("check", "-", data=data, input=lines(people)), 1)
        equal([line for line in r.lines if not line.startswith("deny\t")], [])
        equal(len(r.lines), len(people))


def never_allows(data, people):
    """A full disk may keep an answer from being given, but makes no denied address allowed."""
    r = optout("check", "-", data=data, input=lines(people))
    true(r.code in (1, 3), f"exit status {r.code}: {r.err}")
    equal([line for line in r.lines if not line.startswith("deny\t")], [])


def record_until_full(data, prefix):
    """Returns the people that were acknowledged and the result that failed."""
    acknowledged = []
    for batch in range(1000):
        people = [f"{prefix}{batch}.{n}@example.com" for n in range(BATCH)]
        r = optout("record", "out", "-", data=data, input=lines(people))
        acknowledged += people[:len(r.lines)]
        if r.code != 0:
            return acknowledged, r
    raise AssertionError("the disk never filled")


for size in SIZES_KB:
    @case(f"recording on {size} kB until it is full, then with more room")
    def _(folder, size_kb=size):
        with disk(folder / "disk", size_kb) as mounted:
            data = mounted / "data"
            known, r = record_until_full(data, "a")
            exits(r, 3)
            matches(r"^optout: .*(space|full)", r.err)
            print(f"# full after {len(known)} acknowledged")
            must_deny(data, known)
            exits(optout("record", "out", "-", data=data, input=lines(
                [f"more{n}@example.com" for n in range(BATCH)])), 3)
            must_deny(data, known)
            enlarge(mounted)
            exits(optout("record", "out", "later@example.com", data=data))
            must_deny(data, [*known, "later@example.com"])
            exits(optout("check", "nobody@example.com", data=data))
            exits(optout("verify", data=data))


@case("the lookup is lost while the disk is full: nothing is allowed; with room all is right")
def _(folder):
    with disk(folder / "disk", 9000) as mounted:
        data = mounted / "data"
        known, _ = record_until_full(data, "a")
        true(known, "something was acknowledged")
        (data / "lookup.base").unlink(missing_ok=True)
        with open(mounted / "ballast", "wb", buffering=0) as ballast:
            with contextlib.suppress(OSError):
                while ballast.write(bytes(4096)):
                    pass
        never_allows(data, known[:500])
        enlarge(mounted)
        must_deny(data, known)
        exits(optout("check", "nobody@example.com", data=data))


@case("an import stops at the full disk with exit 3; run again with room it is taken in whole")
def _(folder):
    people = [f"p{n}@example.com" for n in range(60000)]
    (folder / "list").write_text(lines(people))
    with disk(folder / "disk", 9000) as mounted:
        r = exits(optout("import", folder / "list", data=mounted / "data"), 3)
        matches(r"^optout: .*(space|full)", r.err)
        enlarge(mounted)
        contains(exits(optout("import", folder / "list", data=mounted / "data")).err, "recorded")
        must_deny(mounted / "data", people[::97])
        equal(len(exits(optout("export", data=mounted / "data")).lines), 1 + len(people))


@case("a disk too small to begin on: exit 3, nothing acknowledged, and room lets it begin")
def _(folder):
    with disk(folder / "disk", 16) as mounted:
        r = exits(optout("record", "out", "jane@example.com", data=mounted / "data"), 3)
        equal(r.out, "")
        enlarge(mounted)
        exits(optout("record", "out", "jane@example.com", data=mounted / "data"))
        must_deny(mounted / "data", ["jane@example.com"])


true(os.geteuid() == 0, "mounting a small disk needs root")
run()
