#!/usr/bin/env python3
"""kill -9 at random moments: what was printed is on disk, and whoever comes next goes on.

The killed programs record, import, or make the lookup anew. OPTOUT_SEED=N repeats the moments of a
run as far as a machine can.
"""

import os
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from tap import FULL, case, equal, exits, kill, optout, run, start, true  # noqa: E402

SEED = int(os.environ.get("OPTOUT_SEED", random.SystemRandom().randrange(1 << 32)))
RECORD_KILLS, OTHER_KILLS = (1000, 200) if FULL else (50, 12)
LINES = 20000          # more than a program takes in before it is killed
LATEST_KILL_S = 0.06
IMPORTED = 4000
FILES_MAX = 8  # entries of a data directory: nothing of what was killed piles up

print(f"# OPTOUT_SEED={SEED}")


def feed(process, lines):
    """Writes in a thread, so that a program that was killed blocks nobody."""
    def write():
        try:
            process.stdin.write("".join(lines))
            process.stdin.close()
        except OSError:
            pass
    thread = threading.Thread(target=write)
    thread.start()
    return thread


def kill_within(process, rng, latest_s):
    """Kills at a random moment; returns all that the program has printed in whole lines."""
    printed = []
    reader = threading.Thread(target=lambda: printed.append(process.stdout.read()))
    reader.start()
    time.sleep(rng.uniform(0, latest_s))
    kill(process)
    reader.join()
    whole, _, _ = printed[0].rpartition("\n")
    return whole.splitlines()


def must_deny(data, addresses):
    r = optout("check", "-", data=data, input="".join(a + "\n" for a in addresses))
    allowed = [line for line in r.lines if not line.startswith("deny")]
    equal(len(r.lines), len(addresses))
    equal(allowed, [], "what was acknowledged is denied")


def must_allow(data, addresses):
    exits(optout("check", "-", data=data, input="".join(a + "\n" for a in addresses)))


def must_go_on(data, seq, address):
    """The next writer's number follows all that were printed."""
    r = exits(optout("record", "out", address, data=data))
    got = int(r.out.split()[0])
    true(got > seq, f"event {got} comes after {seq}")
    return got


def must_be_sound(data):
    """The ledger's audit. A lookup that killed writers left may miscount its entries, which makes
    no answer wrong, so it is made anew first."""
    for file in data.glob("lookup.*"):
        file.unlink()
    must_allow(data, ["nobody@example.com"])
    exits(optout("verify", data=data))


@case(f"record killed {RECORD_KILLS} times: every printed line is denied, none printed twice")
def _(folder):
    rng, data, seq, acknowledged = random.Random(SEED), folder / "data", 0, 0
    for round_number in range(RECORD_KILLS):
        people = [f"r{round_number}.p{n}@example.com" for n in range(LINES)]
        process = start("record", "out", "-", data=data)
        feeder = feed(process, [p + "\n" for p in people])
        printed = kill_within(process, rng, LATEST_KILL_S)
        feeder.join()
        numbers = [int(line.split()[0]) for line in printed]
        # Once in order and without a gap: line n tells of address n.
        if numbers:
            true(numbers[0] > seq, f"round {round_number}: {numbers[0]} comes after {seq}")
            equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            must_deny(data, people[:len(numbers)])
            seq = numbers[-1]
        seq = must_go_on(data, seq, f"after{round_number}@example.com")
        acknowledged += len(numbers) + 1
    must_allow(data, ["r0.never@example.com"])
    must_be_sound(data)
    print(f"# {acknowledged} acknowledged in {RECORD_KILLS} rounds, {seq} in the ledger")
    true(acknowledged > RECORD_KILLS, "some programs were killed with lines printed")


@case(f"the very first record killed {OTHER_KILLS} times: the directory is begun or can be")
def _(folder):
    rng = random.Random(SEED + 1)
    for n in range(OTHER_KILLS):
        data = folder / str(n)
        process = start("record", "out", "jane@example.com", data=data)
        printed = kill_within(process, rng, 0.02)
        if printed:
            must_deny(data, ["jane@example.com"])
        exits(optout("record", "out", "bob@example.com", data=data))
        must_deny(data, ["bob@example.com"])


@case(f"import killed {OTHER_KILLS} times, then run to its end: all are denied, each told once")
def _(folder):
    rng, data = random.Random(SEED + 2), folder / "data"
    for n in range(OTHER_KILLS):
        some = [f"i{n}.p{k}@example.com" for k in range(IMPORTED)]
        listed = folder / f"{n}.txt"
        listed.write_text("".join(a + "\n" for a in some))
        process = start("import", listed, data=data)
        kill_within(process, rng, LATEST_KILL_S)
        exits(optout("import", listed, data=data))
        must_deny(data, some)
    must_be_sound(data)
    exported = exits(optout("export", data=data)).lines[1:]
    equal(len(exported), OTHER_KILLS * IMPORTED)
    who = [line.split(",")[0] for line in exported]
    equal(len(set(who)), len(who), "nobody is there twice")


@case(f"making the lookup anew killed {OTHER_KILLS} times: the next answers rightly")
def _(folder):
    rng, data = random.Random(SEED + 3), folder / "data"
    people = [f"p{n}@example.com" for n in range(LINES)]
    exits(optout("record", "out", "-", data=data, input="".join(p + "\n" for p in people)))
    for n in range(OTHER_KILLS):
        for file in data.glob("lookup.*"):
            if rng.random() < 0.7:
                file.unlink()
        process = start("check", "-", data=data)
        process.stdin.close()
        kill_within(process, rng, 0.05)
        must_deny(data, people[n::50])
        must_allow(data, [f"q{n}@example.com"])
        must_go_on(data, LINES, f"after{n}@example.com")
    must_be_sound(data)
    left = sorted(f.name for f in data.iterdir())
    true(len(left) <= FILES_MAX, f"the killed leave no heap of files behind: {left}")


run()
