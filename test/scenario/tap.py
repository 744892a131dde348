"""tap.py: what a scenario is written with. A scenario is a Python file of named cases:

    from tap import case, equal, matches, optout, run

    @case("an opt-out is denied at once")
    def _(data):
        optout("record", "out", "jane@example.com", data=data)
        r = optout("check", "jane@example.com", data=data)
        equal(r.code, 1)
        matches(r"^deny\\t", r.out)

    run()

Each case gets a fresh, empty folder that is gone after it. It fails by an assertion of this file
(or by any exception) and never skips. Programs started with `start` are killed, with all that they
started, at the end of their case. FULL says whether the long sweeps are asked for.

Run by test/run, or by hand: OPTOUT=build/optout test/scenario/NAME.py
"""

import datetime
import json as json_module
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OPTOUT = os.path.abspath(os.environ.get("OPTOUT", ROOT / "build" / "optout"))
FULL = bool(os.environ.get("OPTOUT_FULL"))
TIMEOUT_S = 60

_cases = []
_started = []


class Failure(AssertionError):
    """An expectation that was not met; its text is what the reader of the test sees."""


# ---- cases

def case(name):
    """Decorates a function of one argument, the case's own folder (a Path)."""
    def register(function):
        _cases.append((name, function))
        return function
    return register


def run():
    """Runs the cases in their order, prints TAP and leaves the program."""
    print(f"1..{len(_cases)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(_cases, 1):
        fault = _run_case(function)
        print(f"{'not ok' if fault else 'ok'} {number} - {name}")
        for line in fault.splitlines():
            print("# " + line)
        sys.stdout.flush()
        failed += bool(fault)
    sys.exit(1 if failed else 0)


def _run_case(function):
    """Returns what went wrong, or an empty text."""
    folder = Path(tempfile.mkdtemp(prefix="case-"))
    try:
        function(folder)
        return ""
    except Failure as e:
        place = traceback.extract_tb(e.__traceback__)
        here = next(f for f in reversed(place) if f.filename != __file__)
        return f"{Path(here.filename).name}:{here.lineno}: {here.line}\n{e}"
    except Exception:
        return traceback.format_exc()
    finally:
        while _started:
            kill(_started.pop())
        shutil.rmtree(folder, ignore_errors=True)


# ---- the program

class Result:
    """What a finished program said: `code`, `out` and `err`."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def json(self):
        """The records of a --json answer."""
        return [json_module.loads(line) for line in self.lines]

    def __str__(self):
        return f"{self.command} -> {self.code}\nstdout: {self.out!r}\nstderr: {self.err!r}"


def _command(args, data):
    return [OPTOUT, *(["--data", str(data)] if data else []), *map(str, args)]


def _environment(at, env):
    """`at`, an RFC 3339 time, stops the program's clock there."""
    clock = {}
    if at:
        moment = datetime.datetime.fromisoformat(at.replace("Z", "+00:00"))
        clock["OPTOUT_TEST_CLOCK"] = str(round(moment.timestamp() * 1_000_000))
    return {**os.environ, **clock, **(env or {})}


def optout(*args, input=None, data=None, at=None, env=None, timeout=TIMEOUT_S):
    """Runs `optout ARGS` to its end. `input` is text, or bytes: then bytes come back too."""
    raw = isinstance(input, bytes)
    process = start(*args, data=data, at=at, env=env, text=not raw)
    try:
        out, err = process.communicate(input, timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"optout {' '.join(map(str, args))}: not done after {timeout} s") from None
    finally:
        _started.remove(process)
        kill(process)
    return Result("optout " + " ".join(map(str, args)), process.returncode, out, err)


def start(*args, data=None, at=None, env=None, text=True):
    """Starts `optout ARGS` and returns the Popen, in a process group of its own."""
    process = subprocess.Popen(
        _command(args, data), env=_environment(at, env), start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        **({"text": True, "encoding": "utf-8", "errors": "surrogateescape"} if text else {}))
    _started.append(process)
    return process


def kill(process, number=signal.SIGKILL):
    """Signals the program and all that it started, and waits for it to be gone."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
    process.wait(TIMEOUT_S)


# ---- expectations

def equal(got, expected, what=""):
    if got != expected:
        raise Failure(f"{what}\nexpected: {expected!r}\n     got: {got!r}".lstrip())


def true(condition, what):
    if not condition:
        raise Failure(f"not so: {what}")


def contains(text, part):
    if part not in text:
        raise Failure(f"expected to contain: {part!r}\n                got: {text!r}")


def lacks(text, part):
    if part in text:
        raise Failure(f"expected not to contain: {part!r}\n                    got: {text!r}")


def matches(pattern, text):
    if not re.search(pattern, text, re.MULTILINE):
        raise Failure(f"expected to match: {pattern}\n              got: {text!r}")


def exits(result, code=0):
    """The program ended with `code`; if not, all that it said is shown. Returns the result."""
    if result.code != code:
        raise Failure(f"expected exit status {code}\n{result}")
    return result
