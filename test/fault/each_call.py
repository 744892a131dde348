#!/usr/bin/env python3
"""Each system call of the program fails once: with EIO, ENOSPC and others, interrupted, doing
nothing, or as the last thing that the program does before SIGKILL.

First an undisturbed run under strace counts the calls; then one run for each of them and each way
to fail. A short write is one of nothing at all (strace can lie about a result, but not carry out a
part of a write; limits.py has writes that are cut short by the kernel).
"""

from collections import Counter

from kit import (acknowledged, copy, denied, ended_cleanly, goes_on, lines, never_allowed,
                 people, run, run_cases, sample, started, sweep)
from tap import case, equal, exits, true

SHORT = 30  # faults tried on each workload

WRITES = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "fallocate", "link")
READS = ("read", "pread64", "newfstatat", "lseek", "flock", "unlink", "close")
FAULTS = {
    "error=EIO": (*WRITES, *READS, "openat", "mkdir"),
    "error=ENOSPC": (*WRITES, "openat", "mkdir"),
    "error=EINTR": ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "openat",
                    "read", "pread64", "flock", "fcntl"),
    "error=EMFILE": ("openat",),
    "error=ENOMEM": ("mmap",),
    "error=ENOLCK": ("fcntl", "flock"),
    "retval=0": ("write", "pwrite64"),
    "signal=SIGKILL": (*WRITES, "unlink", "flock"),
}
CALLS = sorted({call for calls in FAULTS.values() for call in calls})


def strace(place, *expressions):
    options = [o for e in expressions for o in ("-e", e)]
    return ["strace", "-f", "-qq", "--seccomp-bpf", "-o", place / "trace", *options]


def traced_calls(place):
    """{call: range of its ordinals} by the trace in `place`, from where the data directory is
    named first: what comes before is the loader's, not ours."""
    seen, first = Counter(), None
    for line in (place / "trace").read_text().splitlines():
        if first is None and str(place / "data") in line:
            first = Counter(seen)
        seen[line.split(None, 1)[1].split("(", 1)[0]] += 1
    return {call: range(first[call] + 1, seen[call] + 1) for call in CALLS}


def all_faults(ordinals):
    return [(fault, call, k) for fault, calls in FAULTS.items() for call in calls
            for k in ordinals[call]]


class Workload:
    """A run of the program to be disturbed. `standing` is opted out before it, `told` by it."""

    def __init__(self, args, template, standing=(), told=(), input=""):
        self.args, self.template, self.input = args, template, input
        self.standing, self.told = list(standing), list(told)

    def run(self, place, *expressions):
        if self.template:
            copy(self.template, place / "data")
        return run(*self.args, data=place / "data", input=self.input,
                   before=strace(place, *expressions))

    def acknowledged(self, result):
        """Who was told to be opted out by what the run said."""
        if self.args[0] == "import":
            return self.told if result.code == 0 else []
        return acknowledged(result, self.told)

    def judge(self, place, fault, result):
        ended_cleanly(result, killed="SIGKILL" in fault)
        if self.args[0] == "check":
            never_allowed(result, self.standing)
            true(result.code != 0, f"denials are told by the exit status\n{result}")
            standing = self.standing
        else:
            true(result.code != 1, f"nothing was refused\n{result}")
            told = self.acknowledged(result)
            if result.code == 0:
                equal(told, self.told, "acknowledged by a run that was done")
            standing = self.standing + told
        denied(place / "data", standing)
        goes_on(place / "data", standing)


def disturb(folder, workload):
    """The sweep over one workload."""
    quiet = folder / "quiet"
    quiet.mkdir()
    result = workload.run(quiet, "trace=" + ",".join(CALLS))
    workload.judge(quiet, "", result)
    equal(result.code, 1 if workload.args[0] == "check" else 0, "undisturbed")

    def trial(place, harm):
        fault, call, k = harm
        result = workload.run(place, f"trace={call}", f"inject={call}:{fault}:when={k}")
        workload.judge(place, fault, result)

    sweep(folder, sample(all_faults(traced_calls(quiet)), SHORT), trial)


@case("the first record, in a fresh directory")
def _(folder):
    told = people(3)
    disturb(folder, Workload(["record", "out", "-"], None, told=told, input=lines(told)))


@case("a record in a directory that has some")
def _(folder):
    standing, told = people(20), people(3, "new")
    started(*standing, data=folder / "template")
    disturb(folder, Workload(["record", "out", "-"], folder / "template", standing, told,
                             lines(told)))


@case("an import of 300 addresses")
def _(folder):
    standing, told = people(5), people(300, "listed")
    started(*standing, data=folder / "template")
    (folder / "list.txt").write_text(lines(told))
    disturb(folder, Workload(["import", folder / "list.txt"], folder / "template", standing, told))


@case("a question for which the lookup is built anew")
def _(folder):
    standing = people(40)
    started(*standing, data=folder / "template")
    for file in (folder / "template").glob("lookup.*"):
        file.unlink()
    disturb(folder, Workload(["check", "-"], folder / "template", standing,
                             input=lines(standing)))


run_cases()
