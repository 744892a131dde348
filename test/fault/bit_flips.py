#!/usr/bin/env python3
"""A bit of a file of the data directory flips while nobody looks.

Whatever the bit, the next process never says allow of somebody whose opt-out stands: it answers
rightly, or denies because it cannot answer. Each flip is tried on a fresh copy.

With the lookup in place that holds for every file. Without it (a restored backup, a restarted
machine) all is built anew from the ledger, and a flip that makes SQLite lose the end of its file
leaves a ledger that is shorter, but whole. So those are only counted and told, by the region that
was hit, unless the program had the means to know: an answer that changes while the number of the
last event does not is a failure.
"""

import sqlite3
from collections import Counter
from contextlib import closing

from kit import (begin, copy, dice, end, lines, never_allowed, people, run, run_cases, sample,
                 started, sweep, verdicts)
from tap import FULL, Failure, case, exits, kill, true

# How many flips of a file: in the short form, and in the long one.
FLIPS = {"key": (60, 632), "optout.conf": (50, 2000), "lookup.base": (40, 1500),
         "lookup.delta": (60, 2500), "ledger.db": (60, 2000), "ledger.db-wal": (50, 1500)}
FLIPS_WITHOUT_LOOKUP = (50, 3000)

STANDING = people(24) + ["+14155550100", "device:6d92078a-8246-4ba4-ae5b-76104861e7dc"]
CONFIGURATION = """# who is asked for consent first
default_country = US
keep_addresses = yes
"""


# ---- templates

def settled(folder):
    """A data directory as the last process leaves it, without a write-ahead log."""
    data = folder / "template"
    data.mkdir()
    (data / "optout.conf").write_text(CONFIGURATION)
    started(*STANDING, data=data)
    exits(run("record", "complaint", "-s", "email:acme/news", STANDING[0], data=data))
    return data


def in_use(folder):
    """A data directory as a process that was killed leaves it: its events are in the log."""
    data = folder / "template"
    process = begin("record", "out", "-", data=data)
    process.stdin.write(lines(STANDING))
    process.stdin.flush()
    for _ in STANDING:
        true(process.stdout.readline(), "an acknowledgement")
    kill(process)
    true((data / "ledger.db-wal").stat().st_size > 0, "there is a write-ahead log")
    return data


# ---- flips

def flips(path, n):
    """Bits of the file, by their numbers: all when there are no more than asked for; else a sample,
    half of it from bytes that are not zero."""
    content = path.read_bytes()
    bits = range(8 * len(content))
    n = n[FULL]
    if n >= len(bits):
        return bits
    told = [i for i, byte in enumerate(content) if byte]
    picked = {8 * dice.choice(told) + dice.randrange(8) for _ in range(n // 2)}
    picked |= set(dice.sample(bits, n - len(picked)))
    return sorted(picked)


def flip(path, bit):
    with open(path, "r+b") as f:
        f.seek(bit // 8)
        byte = f.read(1)[0]
        f.seek(bit // 8)
        f.write(bytes([byte ^ 1 << bit % 8]))


def harm(template, place, name, bit):
    """A copy of the template with that bit flipped."""
    data = copy(template, place / "data")
    flip(data / name, bit)
    return data


def answers_after_flips(folder, template, name):
    """The sweep over one file, the lookup in place."""
    def trial(place, bit):
        data = harm(template, place, name, bit)
        for _ in range(2):  # the second time after whatever the first one mended
            result = run("check", "-", data=data, input=lines(STANDING))
            true(result.code in (1, 2, 3), f"denials, or words\n{result}")
            never_allowed(result, STANDING)
    sweep(folder, flips(template / name, FLIPS[name]), trial)


@case("in the key")
def _(folder):
    answers_after_flips(folder, settled(folder), "key")


@case("in the configuration")
def _(folder):
    answers_after_flips(folder, settled(folder), "optout.conf")


@case("in the lookup's snapshot")
def _(folder):
    template = settled(folder)
    (template / "lookup.delta").unlink()  # all goes into the snapshot
    exits(run("check", STANDING[0], data=template), 1)
    answers_after_flips(folder, template, "lookup.base")


@case("in the lookup's delta")
def _(folder):
    answers_after_flips(folder, settled(folder), "lookup.delta")


@case("in the ledger")
def _(folder):
    answers_after_flips(folder, settled(folder), "ledger.db")


@case("in the ledger's write-ahead log")
def _(folder):
    answers_after_flips(folder, in_use(folder), "ledger.db-wal")


@case("in a key, a lock or a lookup that is empty instead")
def _(folder):
    template = settled(folder)

    def trial(place, name):
        data = copy(template, place / "data")
        (data / name).write_bytes(b"")
        result = run("check", "-", data=data, input=lines(STANDING))
        never_allowed(result, STANDING)

    sweep(folder, ["key", "lock", "ledger.db", "lookup.base", "lookup.delta"], trial)


# ---- without the lookup

def last_event(data):
    """The number of the last event, as SQLite reads it; None when it cannot."""
    try:
        with closing(sqlite3.connect(data / "ledger.db")) as db:
            return db.execute("SELECT max(seq) FROM event").fetchone()[0]
    except sqlite3.Error:
        return None


def region(path, bit, page=4096):
    """Where in an SQLite file a bit lies: the page, and the part of it."""
    number, at = bit // 8 // page + 1, bit // 8 % page
    if path.name.endswith("-wal"):
        frame, within = divmod(bit // 8 - 32, page + 24)
        return "wal header" if frame < 0 else f"wal frame {'header' if within < 24 else 'page'}"
    if number == 1 and at < 100:
        return f"file header byte {at}"
    with closing(sqlite3.connect(path)) as db:
        names = {root: name for name, root in
                 db.execute("SELECT name, rootpage FROM sqlite_schema")}
    at -= 100 * (number == 1)
    part = "page header" if at < 8 else "cell pointers" if at < 128 else "cells or free space"
    return f"{names.get(number, 'schema' if number == 1 else 'another page')}: {part}"


def rebuilt_after_flips(folder, template, name):
    """The sweep over one file, the lookup gone. Tells which regions turned a denial."""
    for file in template.glob("lookup.*"):
        file.unlink()
    last, turned = len(STANDING), Counter()
    last = last_event(copy(template, folder / "unharmed"))

    def trial(place, bit):
        data = harm(template, place, name, bit)
        result = run("check", "-", data=data, input=lines(STANDING))
        allowed = [a for a, v in verdicts(result).items() if v[0] == "allow"]
        if allowed and last_event(data) == last:
            raise Failure(f"{region(template / name, bit)}: allowed, and no event is missing: "
                          f"{allowed}")
        if allowed:
            turned[f"{region(template / name, bit)}: {len(allowed)} allowed"] += 1

    tried = flips(template / name, FLIPS_WITHOUT_LOOKUP)
    sweep(folder, tried, trial)
    for where, n in sorted(turned.items()):
        print(f"# shortened by {n} of {len(tried)} flips, {where}")


@case("in the ledger, and the lookup is built from it")
def _(folder):
    rebuilt_after_flips(folder, settled(folder), "ledger.db")


@case("in the write-ahead log, and the lookup is built from it")
def _(folder):
    rebuilt_after_flips(folder, in_use(folder), "ledger.db-wal")


run_cases()
