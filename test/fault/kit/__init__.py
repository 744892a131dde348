"""kit: what the fault tests share. Each of them does harm to a data directory, or to the program at
work on it, and then asks the same questions:

    did it end in an answer or in words, without a crash?          ended_cleanly
    is what it acknowledged denied by the next, unharmed process?  denied
    does the directory take the next record as if nothing were?    goes_on

A sweep tries many harms. Its short form takes a sample, whose seed it prints; the same sample runs
again with OPTOUT_TEST_SEED=SEED. The long form (OPTOUT_FULL) tries all of them.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

# A power cut is a model here, never a disk that is waited for: memory does, and is many times
# faster where the program syncs.
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scenario"))

import tap  # it lies beside the scenarios

TIMEOUT_S = 30
FAULTS_SHOWN = 5
STRANGER = "stranger@example.org"

SEED = int(os.environ.get("OPTOUT_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
dice = random.Random(SEED)


# ---- people and what the program says of them

def people(n, name="p"):
    return [f"{name}{i}@example.com" for i in range(n)]


def lines(addresses):
    return "".join(a + "\n" for a in addresses)


def acknowledged(result, addresses):
    """Those of `addresses`, in the order in which they were given, whose whole line came out."""
    whole = [line for line in result.out.split("\n")[:-1] if line]
    return addresses[:len(whole)]


def verdicts(result):
    """{address: (verdict, reason)}; a line that was cut short is no answer."""
    rows = [line.split("\t") for line in result.out.split("\n")[:-1]]
    return {row[1]: (row[0], row[2]) for row in rows if len(row) == 3}


# ---- the program

def begin(*args, data, env=None, before=(), limit=None):
    """Starts `optout ARGS` and returns the Popen. `before` is a command that starts it (strace),
    `limit` a function called in the child."""
    command = [*map(str, before), tap.OPTOUT, "--data", str(data), *map(str, args)]
    return subprocess.Popen(
        command, env={**os.environ, **(env or {})}, start_new_session=True, preexec_fn=limit,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", errors="surrogateescape")


def end(process, input=None, timeout=TIMEOUT_S):
    """Waits for what `begin` started, and returns a tap.Result."""
    said = " ".join(process.args)
    try:
        out, err = process.communicate(input, timeout)
    except subprocess.TimeoutExpired:
        raise tap.Failure(f"{said}: not done after {timeout} s") from None
    finally:
        tap.kill(process)
    return tap.Result(said, process.returncode, out, err)


def run(*args, data, input="", timeout=TIMEOUT_S, **how):
    return end(begin(*args, data=data, **how), input, timeout)


def started(*addresses, data):
    """Records opt-outs in a data directory that may be new, unharmed."""
    return tap.exits(run("record", "out", "-", data=data, input=lines(addresses)))


def copy(template, data):
    """A data directory with what `template` has, its lookup good for use."""
    shutil.copytree(template, data)
    return data


# ---- expectations

def ended_cleanly(result, killed=False):
    """An exit status of ours, and words when it is a failure; or the death that was meant."""
    if killed and result.code == -signal.SIGKILL:
        return
    tap.true(result.code in (0, 1, 2, 3, 127), f"a clean end\n{result}")
    if result.code >= 2:
        tap.true(result.err.strip(), f"words on stderr\n{result}")


def never_allowed(result, standing):
    """Whatever `check` printed, it does not let anybody of `standing` be contacted."""
    for address in standing:
        verdict = verdicts(result).get(address, ("deny",))
        tap.true(verdict[0] == "deny", f"{address} is denied\n{result}")


def denied(data, standing):
    """An unharmed process denies all of `standing` for their opt-outs, and nobody else."""
    if not standing:
        return
    result = run("check", "-", data=data, input=lines([*standing, STRANGER]))
    expected = {a: ("deny", "opt-out") for a in standing} | {STRANGER: ("allow", "no-record")}
    if verdicts(result) != expected:
        wrong = {a: v for a, v in verdicts(result).items() if v != expected[a]}
        raise tap.Failure(f"wrong answers: {wrong}\nstatus {result.code}, stderr: {result.err}")


def goes_on(data, standing):
    """The next record is taken, and everything stands."""
    started("after@example.com", data=data)
    denied(data, [*standing, "after@example.com"])


# ---- sweeps

def sample(harms, n):
    """`n` of them in the short form, in their order; in the long form all."""
    harms = list(harms)
    if tap.FULL or n >= len(harms):
        return harms
    return [harms[i] for i in sorted(dice.sample(range(len(harms)), n))]


def sweep(folder, harms, trial):
    """Calls trial(place, harm) for each, `place` being an empty folder. All of them are tried
    before one that failed is told."""
    faults = []
    for harm in harms:
        place = folder / "trial"
        place.mkdir()
        try:
            trial(place, harm)
        except tap.Failure as e:
            faults.append(f"{harm}: {e}")
        finally:
            shutil.rmtree(place, ignore_errors=True)
    print(f"# cases: {len(harms)}")
    if faults:
        shown = "\n".join(faults[:FAULTS_SHOWN])
        raise tap.Failure(f"{len(faults)} of {len(harms)} (seed {SEED})\n{shown}")


def run_cases():
    print(f"# seed: {SEED}")
    tap.run()
