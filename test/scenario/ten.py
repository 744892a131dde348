#!/usr/bin/env python3
"""Ten processes record and ask at once: what one has acknowledged, all others deny at once.

Five programs record, five answer, each fed by a thread of this file through its pipes. Then eight
threads of one process do the same through the library, in a build with the thread sanitizer as
well when the long sweeps are asked for (or when this build is one).
"""

import os
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from tap import FULL, OPTOUT, ROOT, case, equal, exits, optout, run, start, true

SEED = int(os.environ.get("OPTOUT_SEED", random.SystemRandom().randrange(1 << 32)))
SECONDS = 60 if FULL else 8
THREADS_SECONDS = 20 if FULL else 3
PAIRS = 5
BULK = 500           # what the fifth recorder takes in at a time
ASKED_OF_BULK = 20
BUILD = Path(os.environ.get("BUILD_DIR", Path(OPTOUT).parent))

print(f"# OPTOUT_SEED={SEED}")


class Asker:
    """A `check -` that runs all the time; any thread may ask it."""

    def __init__(self, data):
        self.process = start("check", "-s", "email:acme/news", "-", data=data)
        self.lock = threading.Lock()

    def verdict(self, address):
        with self.lock:
            self.process.stdin.write(address + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline()


class Recorder:
    """A `record out -` and the thread that feeds it. `told` is all that it acknowledged."""

    def __init__(self, number, data, askers, until):
        self.number, self.askers, self.until = number, askers, until
        self.batch = BULK if number == PAIRS - 1 else 1
        self.rng = random.Random(SEED + number)
        self.process = start("record", "out", "-s", "email:acme/*", "-", data=data)
        self.told, self.numbers, self.faults = [], [], []
        self.thread = threading.Thread(target=self.work)

    def record(self):
        people = [f"r{self.number}.p{len(self.told) + n}@example.com" for n in range(self.batch)]
        self.process.stdin.write("".join(p + "\n" for p in people))
        self.process.stdin.flush()
        for person in people:
            self.numbers.append(int(self.process.stdout.readline().split()[0]))
            self.told.append(person)
        return people

    def expect(self, address, answer):
        asker = self.rng.choice(self.askers)
        got = asker.verdict(address)
        if got != answer.format(address):
            self.faults.append(f"{address}: {got!r}")

    def work(self):
        try:
            while time.monotonic() < self.until and not self.faults:
                people = self.record()
                for person in self.rng.sample(people, min(len(people), ASKED_OF_BULK)):
                    self.expect(person, "deny\t{}\topt-out\n")
                self.expect(self.rng.choice(self.told), "deny\t{}\topt-out\n")
                self.expect(f"r{self.number}.p{len(self.told)}@example.com",
                            "allow\t{}\tno-record\n")
        except (OSError, ValueError, IndexError) as e:
            self.faults.append(f"recorder {self.number} ended: {e!r}")


@case(f"ten processes for {SECONDS} s: an acknowledged opt-out is denied in every other at once")
def _(folder):
    data = folder / "data"
    exits(optout("record", "out", "first@example.com", data=data))
    askers = [Asker(data) for _ in range(PAIRS)]
    until = time.monotonic() + SECONDS
    recorders = [Recorder(n, data, askers, until) for n in range(PAIRS)]
    for r in recorders:
        r.thread.start()
    for r in recorders:
        r.thread.join()
    equal([fault for r in recorders for fault in r.faults], [])
    for process in [p.process for p in (*recorders, *askers)]:
        process.stdin.close()
        true(process.wait(10) in (0, 1), f"exit status {process.returncode}")
    told = [person for r in recorders for person in r.told]
    numbers = sorted(number for r in recorders for number in r.numbers)
    print(f"# {len(told)} acknowledged")
    equal(numbers, list(range(2, 2 + len(told))), "every number once, without a gap")
    exported = exits(optout("export", data=data)).lines[1:]
    equal(sorted(line.split(",")[0] for line in exported), sorted([*told, "first@example.com"]))
    for r in recorders:
        event = optout("--json", "why", r.told[-1], data=data).json[1]
        equal((event["event"], event["scope"]), (r.numbers[-1], "email:acme/*"))
    exits(optout("verify", data=data, timeout=600))  # millions of events after a full minute


def is_thread_sanitized(build):
    return b"__tsan_init" in (build / "optout").read_bytes()


def run_threads(build, data, how):
    done = subprocess.run([build / "test" / "threads", data, str(THREADS_SECONDS),
                           build / "optout", how], capture_output=True, text=True, check=False)
    wrong = done.stderr.splitlines()
    true(done.returncode == 0 and not wrong,
         f"{len(wrong)} complaints, exit status {done.returncode}: " + "\n".join(wrong[:10]))
    print(f"# {done.stdout.strip()} acknowledged")
    for file in data.glob("lookup.*"):
        file.unlink()  # the last damage may be where nobody has looked yet
    exits(optout("check", "nobody@example.com", data=data))
    exits(optout("verify", data=data))
    exported = exits(optout("export", data=data)).lines[1:]
    equal(len(exported), int(done.stdout), "each acknowledged opt-out stands")


for way in ("damage", "delete"):
    @case(f"eight threads through the library, {way} of the lookup meanwhile: no wrong answer")
    def _(folder, how=way):
        run_threads(BUILD, folder / "data", how)


if FULL and not is_thread_sanitized(BUILD):
    @case("the same eight threads under the thread sanitizer: no race")
    def _(_folder):
        with tempfile.TemporaryDirectory(prefix="tsan-") as build:
            for command in (["meson", "setup", build, ROOT, "-Db_sanitize=thread",
                             "-Db_lundef=false"],
                            ["ninja", "-C", build, "-j2", "optout", "test/threads"]):
                made = subprocess.run(command, capture_output=True, text=True, check=False)
                true(made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:])
            true(is_thread_sanitized(Path(build)), "the build is sanitized")
            run_threads(Path(build), Path(build) / "data", "damage")


run()
