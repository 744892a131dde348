#!/usr/bin/env python3
"""Our proofs before foreign judges: Go's x/mod, a shell with openssl, sigstore's verifier for npm
(spec/verify), and the second reading of the specification (spec/reader.py).

The judges are built and installed as a stranger would do it, into a cache folder. All of them must
accept what we prove, and refuse it with any byte changed. Without OPTOUT_FULL a sample of the
changes is tried; with it every byte of three receipts.
"""

import atexit
import base64
import functools
import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tap import FULL, OPTOUT, ROOT, Failure, case, contains, equal, exits, lacks, optout, run, true

EVENTS = 70
SPEC = ROOT / "spec"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "optout-test"
SIGSTORE = {"verify": "3.1.1", "bundle": "4.0.0", "core": "3.2.1", "protobuf-specs": "0.5.2"}
SAMPLE = 24           # changes that a judge sees in the short run
JUDGE_FILES = 200     # receipts in one call of a judge
INSTALL_S = 240


# ---- the judges

@functools.cache
def go_judge():
    """Built out of what Debian has, without network."""
    binary = workshop() / "receipt"
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "",
           "GOCACHE": str(CACHE / "go-build")}
    tool(["go", "build", "-o", binary, SPEC / "verify/go/main.go"], env)
    return [binary], None


def shell_judge():
    return [SPEC / "verify/receipt.sh"], None


@functools.cache
def sigstore_judge():
    """Installed once for each set of versions; half an installation is never taken for a whole."""
    home = CACHE / ("sigstore-" + "-".join(SIGSTORE.values()))
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="sigstore-", dir=CACHE))
        packages = [f"@sigstore/{name}@{version}" for name, version in SIGSTORE.items()]
        tool(["npm", "install", "--no-save", "--silent", "--prefix", fresh, *packages])
        try:
            fresh.rename(home)
        except OSError:  # another run was first
            shutil.rmtree(fresh)
    env = {**os.environ, "NODE_PATH": str(home / "node_modules")}
    return ["node", SPEC / "verify/sigstore.mjs"], env


JUDGES = {"Go's x/mod": go_judge, "the shell with openssl": shell_judge,
          "sigstore's verifier": sigstore_judge}


def tool(command, env=None, timeout=INSTALL_S):
    """Runs a program that must succeed, and returns its output."""
    r = subprocess.run(list(map(str, command)), env=env, capture_output=True, text=True,
                       timeout=timeout, check=False)
    if r.returncode:
        raise Failure(f"{command[0]} failed: {r.stderr[-2000:]}{r.stdout[-2000:]}")
    return r.stdout


def judge(name, vkey, texts, *options):
    """Whether each of the receipts is good, as the judge of that name says."""
    command, env = JUDGES[name]()
    answers = []
    for at in range(0, len(texts), JUDGE_FILES):
        folder = Path(tempfile.mkdtemp(dir=workshop()))
        paths = [folder / f"{n}.receipt" for n in range(at, min(at + JUDGE_FILES, len(texts)))]
        for path, text in zip(paths, texts[at:]):
            path.write_bytes(text)
        r = subprocess.run(list(map(str, [*command, *options, vkey, *paths])), env=env,
                           capture_output=True, text=True, timeout=600, check=False)
        equal(len(r.stdout.splitlines()), len(paths), f"an answer a receipt {r.stderr}")
        good = [line.startswith(f"{path}: ok ") for path, line in zip(paths, r.stdout.splitlines())]
        equal(r.returncode, 0 if all(good) else 1, f"exit status of {name}")
        answers += good
        shutil.rmtree(folder)
    return answers


def our_judge(vkey, text):
    path = workshop() / "ours.receipt"
    path.write_bytes(text)
    r = optout("verify", "--receipt", path, "--key", vkey)
    true(r.code in (0, 1), f"a verdict, not an accident: {r}")
    return r.code == 0


def reader(data, *options):
    return subprocess.run([SPEC / "reader.py", "--data", data, *options], capture_output=True,
                          text=True, timeout=120, check=False)


# ---- a ledger to judge

@functools.cache
def workshop():
    folder = Path(tempfile.mkdtemp(prefix="proofs-"))
    atexit.register(shutil.rmtree, folder, True)
    return folder


@dataclass
class World:
    data: Path
    vkey: str
    addresses: list
    receipts: list     # of events 1, 2, ...
    statements: list

    def copy(self, folder):
        """The data directory, to be changed."""
        return Path(shutil.copytree(self.data, folder / "data"))


def addresses():
    """Every kind of address that there is, a different one for each event."""
    digest = hashlib.md5(b"person1@example.com").hexdigest()
    special = ["+14155550100", "+551187654321", "+5511987654321", f"md5:{digest}",
               "device:6d92078a-8246-4ba4-ae5b-76104861e7dc", "cookie:visitor.77",
               "sha256:" + hashlib.sha256(b"person2@example.com").hexdigest()]
    return special + [f"person{n}@example.com" for n in range(EVENTS - len(special))]


@functools.cache
def world():
    data, everybody = workshop() / "data", addresses()
    for kind, part, options in [("out", everybody[:40], ["--proof", "a letter of today"]),
                                ("complaint", everybody[40:50], []), ("dead", everybody[50:60], []),
                                ("hold", everybody[60:], ["-s", "email:acme/news"])]:
        exits(optout("record", kind, *options, *part, data=data))
    numbers = range(1, EVENTS + 1)
    return World(data, exits(optout("log", "key", data=data)).out.strip(), everybody,
                 [exits(optout("receipt", n, data=data)).out.encode() for n in numbers],
                 [exits(optout("receipt", "--statement", n, data=data)).out for n in numbers])


# ---- changes to a receipt

def encode(raw):
    return base64.b64encode(raw)


def flip(raw, at):
    """One bit of one byte, another bit from byte to byte."""
    return raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1:]


def base64_words(lines):
    """Where in a receipt's lines there is Base64: what it is, line number, text before it, it."""
    blank = lines.index(b"")
    yield "leaf", 1, b"extra ", lines[1][len(b"extra "):]
    for n in range(3, blank):
        yield "hash", n, b"", lines[n]
    yield "root", blank + 3, b"", lines[blank + 3]
    before, _, word = lines[-2].rpartition(b" ")
    yield "signature", len(lines) - 2, before + b" ", word


def with_line(lines, n, line):
    return b"\n".join([*lines[:n], line, *lines[n + 1:]])


def changed_bytes(receipt):
    """The receipt with one byte of what its Base64 stands for changed, each byte once."""
    lines = receipt.split(b"\n")
    for what, n, before, word in base64_words(lines):
        raw = base64.b64decode(word)
        for at in range(len(raw)):
            yield f"{what} byte {at}", with_line(lines, n, before + encode(flip(raw, at)))


def changed_digits(receipt):
    """The receipt with one digit of index or size changed."""
    lines = receipt.split(b"\n")
    for n in (2, lines.index(b"") + 2):
        for at, byte in enumerate(lines[n]):
            for digit in b"0123456789":
                if chr(byte).isdigit() and digit != byte:
                    line = lines[n][:at] + bytes([digit]) + lines[n][at + 1:]
                    yield f"line {n}: {line.decode()}", with_line(lines, n, line)


def loose_base64(receipt):
    """The receipt with the same bytes in another Base64: its unused bits are not zero."""
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    lines = receipt.split(b"\n")
    for what, n, before, word in base64_words(lines):
        bare = word.rstrip(b"=")
        if len(bare) < len(word):
            other = digits[digits.index(bare[-1]) + 1:][:1]
            loose = bare[:-1] + other + word[len(bare):]
            equal(base64.b64decode(loose), base64.b64decode(word), "the same bytes")
            yield what, with_line(lines, n, before + loose)


@functools.cache
def changes():
    chosen = random.Random(70)
    receipts = [world().receipts[n - 1] for n in (1, 37, EVENTS)]
    everything = [c for r in receipts for c in (*changed_bytes(r), *changed_digits(r))]
    true(len(everything) > 1000, "every byte is changed")
    if FULL:
        return everything
    of_each = [c for what in ("leaf", "hash", "root", "signature", "line")
               for c in chosen.sample([c for c in everything if c[0].startswith(what)], 4)]
    return of_each + chosen.sample(everything, SAMPLE - len(of_each))


def refuses_changes(is_good):
    names, texts = zip(*changes())
    taken = [name for name, good in zip(names, is_good(list(texts))) if good]
    equal(taken, [], "changes that were accepted")


# ---- the cases

def judge_cases(name):
    @case(f"{name} accepts the receipts of all {EVENTS} events")
    def _(folder):
        equal(judge(name, world().vkey, world().receipts), [True] * EVENTS)

    @case(f"{name} refuses a receipt with one byte of leaf, path, root or signature changed")
    def _(folder):
        refuses_changes(lambda texts: judge(name, world().vkey, texts))

    @case(f"{name} refuses the receipts of another ledger")
    def _(folder):
        exits(optout("record", "out", "jane@example.com", data=folder / "other"))
        vkey = exits(optout("log", "key", data=folder / "other")).out.strip()
        equal(judge(name, vkey, world().receipts[:3]), [False] * 3)


for judge_name in JUDGES:
    judge_cases(judge_name)


@case("we refuse a receipt with one byte of leaf, path, root or signature changed")
def _(folder):
    refuses_changes(lambda texts: [our_judge(world().vkey, text) for text in texts])


@case("we refuse the same bytes in a Base64 that is not canonical")
def _(folder):
    found = [(what, our_judge(world().vkey, text))
             for n in range(6) for what, text in loose_base64(world().receipts[n])]
    equal([what for what, good in found if good], [])
    true({what for what, _ in found} >= {"hash", "root", "signature"}, "each had unused bits")


@case("the shell finds that a receipt is about its statement, and about no other")
def _(folder):
    w, path = world(), folder / "statement"
    for n in range(0, EVENTS, 9):
        own = w.statements[n]
        other = own.replace(w.addresses[n], "other@example.com")
        for text, good in [(own, True), (other, False), (w.statements[n - 1], False)]:
            path.write_text(text)
            said = judge("the shell with openssl", w.vkey, [w.receipts[n]], "-s", path)
            equal(said, [good], text)


@case("a receipt contains no address")
def _(folder):
    for address, receipt in zip(world().addresses, world().receipts):
        leaf = base64.b64decode(receipt.split(b"\n")[1][len(b"extra "):])
        for part in (address, address.partition(":")[2] or address, address.partition("@")[0]):
            lacks(receipt.decode() + leaf.decode(), part)


@case("the second reading agrees on events, root and checkpoint")
def _(folder):
    w = world()
    ours = exits(optout("verify", data=w.data)).out
    equal(reader(w.data).stdout, ours)
    root = ours.split()[-1]
    equal(optout("log", "checkpoint", data=w.data).lines[1:3], [str(EVENTS + 1), root])


@case("the second reading answers every question as we do")
def _(folder):
    data = world().copy(folder)
    exits(optout("record", "in", "--proof", "a form", "person0@example.com", data=data))
    exits(optout("forget", "person1@example.com", data=data))
    exits(optout("record", "in", "person43@example.com", data=data))  # was dead; a sign of life
    known = [f"{name}:{hashlib.new(name, b'carl@example.com').hexdigest()}"
             for name in ("md5", "sha1")]
    for who in (*known, "carl@example.com"):  # told apart at first, then brought together
        exits(optout("record", "out", who, data=data))
    questions = addresses()[:: 1 if FULL else 4] + [
        *known, "carl@example.com", "nobody@example.com",
        "person0@example.com", "person1@example.com", "person43@example.com",
        "md5:" + hashlib.md5(b"person5@example.com").hexdigest()]
    for scope in ([], ["--scope", "email:acme/news"], ["--scope", "email:acme/*"]):
        answers = optout("check", *scope, *questions, data=data).lines
        equal([reader(data, *scope, "--check", q).stdout.strip() for q in questions], answers)


DAMAGE = {
    "an event of another kind": "UPDATE event SET kind = 2 WHERE seq = 7",
    "an event of another time": "UPDATE event SET at_us = at_us + 1 WHERE seq = 7",
    "an event less": "DELETE FROM event WHERE seq = 7",
    "the last events less": "DELETE FROM event WHERE seq > 60",
    "a chain that is cut": "UPDATE event SET prev = 0 WHERE prev > 0",
    "another scope": "UPDATE scope SET text = 'email:*/news' WHERE number = 1",
    "a fact changed": "UPDATE fact SET value = x'00' WHERE name = CAST('families' AS BLOB)",
}


@case("the second reading finds what was changed behind our back")
def _(folder):
    for what, sql in DAMAGE.items():
        data = world().copy(folder)
        with sqlite3.connect(data / "ledger.db") as db:
            true(db.execute(sql).rowcount > 0, f"{what}: something changes")
        db.close()
        r = reader(data)
        equal((r.returncode, r.stdout), (1, ""), what)
        shutil.rmtree(data)
    for name in ("log/level0", "log/state", "log/checkpoint", "key"):
        data = world().copy(folder)
        raw = (data / name).read_bytes()
        (data / name).write_bytes(flip(raw, len(raw) // 2))
        equal(reader(data).returncode, 1, f"a byte of {name}")
        shutil.rmtree(data)


@case("receipts from before a forget still hold, and no file keeps the address")
def _(folder):
    w = world()
    data = w.copy(folder)
    gone = ["person4@example.com", "+14155550100", "cookie:visitor.77"]
    for address in gone:
        exits(optout("forget", address, data=data))
    exits(optout("record", "out", "late@example.com", data=data))
    for name in JUDGES:
        equal(judge(name, w.vkey, w.receipts), [True] * EVENTS, name)
    equal(reader(data).stdout, exits(optout("verify", data=data)).out)
    for address in gone:
        n = w.addresses.index(address)
        again = exits(optout("receipt", n + 1, data=data)).out.encode()
        equal(again.split(b"\n")[1], w.receipts[n].split(b"\n")[1], "the leaf is what it was")
        equal([judge(name, w.vkey, [again]) for name in JUDGES], [[True]] * len(JUDGES))
        contains(optout("check", address, data=data).out, "deny")
    for file in (f for f in data.rglob("*") if f.is_file()):
        for address in gone:
            word = address.partition("@")[0].encode()
            true(word not in file.read_bytes(), f"{word} is not in {file.name}")


@case("while others have the ledger open, its write-ahead log keeps no forgotten address either")
def _(folder):
    data = world().copy(folder)
    held = sqlite3.connect(data / "ledger.db")  # so that the last writer does not remove the WAL
    held.execute("SELECT count(*) FROM event").fetchall()
    exits(optout("record", "out", "needle@example.com", "--proof", "needle said so", data=data))
    sealed = held.execute("SELECT who, salt, proof FROM event ORDER BY seq DESC").fetchone()
    exits(optout("forget", "needle@example.com", data=data))
    true((data / "ledger.db-wal").exists(), "there is a write-ahead log to look into")
    for file in (f for f in data.rglob("*") if f.is_file()):
        for secret in (b"needle", *sealed):
            true(secret not in file.read_bytes(), f"nothing of it is in {file.name}")
    held.close()


@case("a log that was begun anew is accepted by the judges and the second reading")
def _(folder):
    data = world().copy(folder)
    exits(optout("log", "restart", data=data))
    vkey = exits(optout("log", "key", data=data)).out.strip()
    contains(vkey, "/log2+")
    receipt = exits(optout("receipt", 9, data=data)).out.encode()
    equal([judge(name, vkey, [receipt]) for name in JUDGES], [[True]] * len(JUDGES))
    equal([judge(name, world().vkey, [receipt]) for name in JUDGES], [[False]] * len(JUDGES))
    equal(reader(data).stdout, exits(optout("verify", data=data)).out)


run()
