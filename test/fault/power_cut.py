#!/usr/bin/env python3
"""The power fails: of what was written since the last fsync of a file or directory, some is there.

The program is traced at work (recording with acknowledgements in between, an import, an erasure),
and a model of the disk (kit/disk.py) follows the trace. From it come images of the data directory
as they may be after a cut at any call:

    kept, lost          all that was pending is there, or nothing
    names, writes       only the pending names are there, or only the pending writes
    prefix              as much of each file and directory as was done before some moment
    random              any of the pending changes, each by chance
    torn                random, and of every write any of its sectors

lookup.delta is written through a mapping, so it is in every image what a cut may leave there:
nothing, zeros, or what the program left, marked as from before the restart. ledger.db-shm, mapped
as well, gets noise.

On each image the program must deny everybody whom it had acknowledged before the cut, take another
record, and find its ledger whole; and SQLite must find its file whole.
"""

import sqlite3
import struct
from contextlib import closing

from kit import begin, denied, dice, end, goes_on, lines, people, run, run_cases, sample, sweep
from kit.disk import SECTOR, Directory, Disk, File, events, strace
from tap import FULL, case, equal, exits, true

SHORT = 210   # images on a sample of the cuts
FULL_IMAGES = 10000

BOOT_ID = "/proc/sys/kernel/random/boot_id"
# Of the header of lookup.delta (spec/lookup.md): bytes in all, and where its check and the boot id
# are.
HEADER_BYTES, CHECK_AT, BOOT_AT = 96, 20, 24


# ---- which pending changes survive

def nothing(node, pending):
    return []


def everything(node, pending):
    return pending


def only(kind):
    return lambda node, pending: pending if isinstance(node, kind) else []


def some_prefix(node, pending):
    return pending[:dice.randint(0, len(pending))]


def some(node, pending):
    return [change for change in pending if dice.random() < 0.5]


def some_sectors(node, pending):
    if isinstance(node, Directory):
        return some(node, pending)
    return [piece for change in pending for piece in sectors(*change) if dice.random() < 0.5]


def sectors(at, content):
    """One write as the writes of its sectors, by their places on the disk."""
    if isinstance(at, str):
        return [(at, content)]
    ends = [*range((at // SECTOR + 1) * SECTOR, at + len(content), SECTOR), at + len(content)]
    starts = [at, *ends[:-1]]
    return [(s, content[s - at:e - at]) for s, e in zip(starts, ends)]


FATES = {"kept": everything, "lost": nothing, "names": only(Directory), "writes": only(File),
         "prefix": some_prefix, "random": some, "torn": some_sectors}
BY_CHANCE = ("prefix", "random", "torn")


# ---- what is mapped

def crc32c(content):
    crc = 0xffffffff
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def before_restart(delta):
    """A lookup.delta as a machine finds it that has been restarted since."""
    with open(BOOT_ID, "rb") as f:
        here = f.read(36)
    header = bytearray(delta[:HEADER_BYTES])
    equal(bytes(header[BOOT_AT:BOOT_AT + 36]), here, "the boot id in lookup.delta")
    header[BOOT_AT:BOOT_AT + 36] = here[::-1]
    header[CHECK_AT:CHECK_AT + 4] = bytes(4)
    header[CHECK_AT:CHECK_AT + 4] = struct.pack("<I", crc32c(header))
    return bytes(header) + delta[HEADER_BYTES:]


def fill_mapped(image, last_delta):
    remains = (None, b"", bytes(len(last_delta)), last_delta)
    for name in [n for n in image if n.startswith(b"lookup.delta")]:
        left = dice.choices(remains, (1, 3, 3, 6))[0]  # when there is none, opening takes its time
        if left is None:
            del image[name]
        else:
            image[name] = left
    if image.get(b"ledger.db-shm"):
        image[b"ledger.db-shm"] = dice.randbytes(len(image[b"ledger.db-shm"]))


# ---- the traced session

class Session:
    """What the program did: `events`, and `told`, a list as long, whom it had acknowledged before
    each. None among the events is the beginning of a process."""

    def __init__(self, folder):
        self.folder, self.data = folder, folder / "disk" / "data"
        self.data.parent.mkdir()
        self.events, self.told = [], []

    def trace(self, *args, groups=(), told=()):
        """Runs `optout ARGS` under strace. Each of `groups` is put in when the one before has been
        acknowledged; `told` is whom the end of the run acknowledges."""
        log = self.folder / "trace"
        process = begin(*args, data=self.data, before=strace(log))
        given = []
        for group in groups:
            process.stdin.write(lines(group))
            process.stdin.flush()
            answers = [process.stdout.readline() for _ in group]
            true(all(a.endswith("\n") for a in answers), f"an answer to each of {group}")
            given += group
        exits(end(process))
        self.add(log, given, list(told))

    def add(self, log, given, told):
        before, printed = self.told[-1] if self.told else [], 0
        self.events.append(None)
        self.told.append(before)
        for event in events(log):
            name, args, done = event
            self.events.append(event)
            self.told.append(before + given[:printed])
            if name == "write" and args[0] == 1:
                printed += args[1][:done].count(b"\n")
        true(printed >= len(given), "every acknowledgement is in the trace")
        self.events.append(("close", [-1], 0))
        self.told.append(before + given + told)


# ---- the images

def groups(name, sizes):
    given = people(sum(sizes), name)
    return [given[sum(sizes[:i]):sum(sizes[:i + 1])] for i in range(len(sizes))]


def session(folder):
    s = Session(folder)
    listed = people(40, "listed")
    (folder / "list.txt").write_text(lines(listed))
    s.trace("record", "out", "-", groups=groups("first", [1, 3, 1, 8, 2]))
    s.trace("import", folder / "list.txt", told=listed)
    s.trace("forget", "first2@example.com")
    s.trace("record", "out", "-", groups=groups("late", [1, 5, 2]))
    return s


def write_tree(place, tree):
    for name, content in tree.items():
        path = place / name.decode()
        if isinstance(content, dict):
            path.mkdir(0o700)
            write_tree(path, content)
        else:
            path.write_bytes(content)
            path.chmod(0o600)


def is_whole(data):
    """To the program itself, and to somebody else's SQLite."""
    exits(run("verify", data=data))
    with closing(sqlite3.connect(data / "ledger.db")) as db:
        equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])


class Cutter:
    """The images of a session, cut after cut."""

    def __init__(self, session):
        self.session, self.disk, self.done = session, Disk(session.data.parent), 0
        self.last_delta = before_restart((session.data / "lookup.delta").read_bytes())

    def advance(self, cut):
        for event in self.session.events[self.done:cut]:
            if event is None:
                self.disk.begin_process()
            else:
                self.disk.apply(event)
        self.done = cut

    def trial(self, place, harm):
        cut, fate, _ = harm
        self.advance(cut)
        tree = self.disk.image(FATES[fate])
        fill_mapped(tree.get(b"data", {}), self.last_delta)
        write_tree(place, tree)
        told = self.session.told[cut]
        denied(place / "data", told)
        goes_on(place / "data", told)
        is_whole(place / "data")


def all_cuts(session):
    """(cut, fate, round): the first `cut` events were begun. Chance has as many rounds as make the
    long form long enough."""
    cuts = range(1, len(session.events))
    fixed = len(FATES) - len(BY_CHANCE)
    rounds = -(-(FULL_IMAGES // len(cuts) - fixed) // len(BY_CHANCE)) if FULL else 1
    return [(cut, fate, n) for cut in cuts for fate in FATES
            for n in range(rounds if fate in BY_CHANCE else 1)]


@case("whoever was acknowledged before the power failed is denied after it")
def _(folder):
    traced = session(folder)
    sweep(folder, sample(all_cuts(traced), SHORT), Cutter(traced).trial)


run_cases()
