#!/usr/bin/env python3
"""The machine gives less than the program would like: descriptors, file size, address space,
memory.

Whatever the limit, the program ends in the right answer or in words and a status, acknowledges
only what is kept, and never says allow of somebody whose opt-out stands.

RLIMIT_FSIZE makes the kernel cut writes short, and then refuse them, at every size that a file of
the data directory passes through. Memory runs out by OPTOUT_TEST_FAIL_ALLOC: the k-th allocation
fails (K), or the k-th and all after it (K+).
"""

import resource
import shutil

from kit import (acknowledged, copy, denied, ended_cleanly, goes_on, lines, never_allowed, people,
                 run, run_cases, sample, started, sweep)
from tap import case, equal, true

SHORT = 16            # of the limits and allocations, on each verb
DESCRIPTORS_MAX = 24  # nobody needs more
KIB = 1024
ALLOCATIONS_MAX = 1 << 20

STANDING = people(20)
NEW = people(5, "new")


# ---- the verbs, each with what is asked of its answer

def judge_record(result, place):
    told = acknowledged(result, NEW)
    if result.code == 0:
        equal(told, NEW, "acknowledged by a run that was done")
    return told


def judge_import(result, place):
    return NEW if result.code == 0 else []


def judge_check(result, place):
    never_allowed(result, STANDING)
    true(result.code != 0, f"denials are told by the exit status\n{result}")
    return []


def judge_scrub(result, place):
    """Kept are strangers alone; and all of them by a run that was done."""
    kept = result.out.splitlines()
    true(not set(kept) & set(STANDING), f"nobody is kept who is opted out\n{result}")
    if result.code == 0:
        equal(kept, NEW, "kept by a run that was done")
    return []


def judge_export(result, place):
    """An export that was done is whole."""
    if result.code == 0:
        exported = {line.split(",")[0] for line in result.out.splitlines()[1:]}
        equal(exported, set(STANDING), "exported by a run that was done")
    return []


# verb: (arguments, input, judge)
VERBS = {
    "record": (["record", "out", "-"], NEW, judge_record),
    "import": (["import", "-"], NEW, judge_import),
    "check": (["check", "-"], STANDING + NEW, judge_check),
    "scrub": (["scrub", "-"], STANDING + NEW, judge_scrub),
    "export": (["export"], [], judge_export),
}


def template(folder, verb):
    """A data directory with STANDING; for who asks, the lookup is to be built first."""
    data = folder / "template"
    started(*STANDING, data=data)
    if verb in ("check", "scrub"):
        for file in data.glob("lookup.*"):
            file.unlink()
    return data


def squeeze(folder, verb, harms, how):
    """The sweep over one verb. `how(harm)` are the arguments of `run` that set the limit."""
    args, given, judge = VERBS[verb]
    data = template(folder, verb)

    def trial(place, harm):
        copy(data, place / "data")
        result = run(*args, data=place / "data", input=lines(given), **how(harm))
        ended_cleanly(result)
        standing = STANDING + judge(result, place)
        denied(place / "data", standing)
        goes_on(place / "data", standing)

    sweep(folder, harms, trial)


# ---- limits

def limiting(which):
    return lambda n: {"limit": lambda: resource.setrlimit(which, (n, n))}


@case("too few descriptors")
def _(folder):
    limit = limiting(resource.RLIMIT_NOFILE)
    for verb in VERBS:
        place = folder / verb
        place.mkdir()
        squeeze(place, verb, sample(range(3, DESCRIPTORS_MAX), SHORT // 2), limit)


@case("files may not grow")
def _(folder):
    limit = limiting(resource.RLIMIT_FSIZE)
    sizes = sorted({0, 1, 32, 100, 511, 512, 4095, 4096, *range(0, 160 * KIB, 1500),
                    *range(160 * KIB, 6000 * KIB, 300 * KIB)})
    for verb in ("record", "import", "check"):
        place = folder / verb
        place.mkdir()
        squeeze(place, verb, sample(sizes, SHORT), limit)


@case("too little address space")
def _(folder):
    limit = limiting(resource.RLIMIT_AS)
    for verb in ("record", "check"):
        place = folder / verb
        place.mkdir()
        squeeze(place, verb, sample(range(16 * KIB * KIB, 64 * KIB * KIB, 300 * KIB), SHORT),
                limit)


# ---- memory

def failing(at):
    return {"env": {"OPTOUT_TEST_FAIL_ALLOC": at}}


def allocations(folder, verb):
    """How many allocations the verb makes: the least K from which on K+ disturbs nothing."""
    args, given, _ = VERBS[verb]
    data = template(folder, verb)

    def undisturbed(k):
        place = copy(data, folder / "probe")
        result = run(*args, data=place, input=lines(given), **failing(f"{k}+"))
        shutil.rmtree(place)
        return result.code in (0, 1) and (result.code, result.out) == (quiet.code, quiet.out)

    quiet = run(*args, data=copy(data, folder / "quiet"), input=lines(given))
    low, high = 0, 1
    while not undisturbed(high):
        low, high = high, high * 2
        true(high <= ALLOCATIONS_MAX, f"{verb} ends with {high} allocations")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if undisturbed(middle) else (middle, high)
    return low


def out_of_memory(folder, verb):
    n = allocations(folder, verb)
    harms = [f"{k}{more}" for k in range(1, n + 1) for more in ("", "+")]
    place = folder / "sweep"
    place.mkdir()
    squeeze(place, verb, sample(harms, SHORT), failing)


for each in VERBS:
    case(f"no memory for {each}")(lambda folder, verb=each: out_of_memory(folder, verb))

run_cases()
