#!/usr/bin/env python3
"""What a regulator, or the person, can hold the keeper of the ledger to: the log grows and never
changes, receipts hold, witnesses notice a second history, an older copy is noticed."""

import shutil

from tap import case, contains, equal, exits, lacks, matches, optout, run, true


def record(data, *addresses, kind="out"):
    return exits(optout("record", kind, *addresses, data=data))


def key(data):
    return exits(optout("log", "key", data=data)).out.strip()


def checkpoint(data):
    """Origin, size and root of the signed checkpoint."""
    lines = exits(optout("log", "checkpoint", data=data)).lines
    return lines[0], int(lines[1]), lines[2]


def receipt(folder, data, event):
    path = folder / f"{event}.receipt"
    path.write_text(exits(optout("receipt", event, data=data)).out)
    return path


@case("a receipt holds without the ledger, and says nothing personal")
def _(folder):
    data = folder / "data"
    record(data, "jane@example.com", "bob@example.com")
    path, vkey = receipt(folder, data, 2), key(data)
    lacks(path.read_text(), "bob")
    shutil.rmtree(data)
    matches(r"^ok event 2, recorded \d{4}-", exits(
        optout("verify", "--receipt", path, "--key", vkey)).out)


@case("the private statement shows what was recorded; another one does not")
def _(folder):
    data, statement = folder / "data", folder / "statement"
    record(data, "jane@example.com")
    path, vkey = receipt(folder, data, 1), key(data)
    text = exits(optout("receipt", "--statement", 1, data=data)).out
    contains(text, "jane@example.com")
    for old, new, code in [("", "", 0), ("jane", "joan", 1), ("email:*/*", "sms:*/*", 1)]:
        statement.write_text(text.replace(old, new) if old else text)
        exits(optout("verify", "--receipt", path, "--key", vkey, "--statement", statement), code)


@case("a receipt stays good while the log grows, and after the person is forgotten")
def _(folder):
    data = folder / "data"
    record(data, "jane@example.com")
    path, vkey = receipt(folder, data, 1), key(data)
    record(data, *[f"p{i}@example.com" for i in range(300)])
    exits(optout("forget", "jane@example.com", data=data))
    exits(optout("verify", "--receipt", path, "--key", vkey))
    exits(optout("verify", "--receipt", receipt(folder, data, 1), "--key", vkey))
    equal(optout("receipt", "--statement", 1, data=data).code, 1, "what it said is gone")
    matches("^ok 302 events, root ", exits(optout("verify", data=data)).out)
    matches("^deny", optout("check", "jane@example.com", data=data).out)


@case("after forget the address is in no byte of the data directory")
def _(folder):
    data = folder / "data"
    record(data, "jane.needle@example.com")
    exits(optout("forget", "jane.needle@example.com", data=data))
    for file in data.rglob("*"):
        if file.is_file():
            true(b"needle" not in file.read_bytes(), f"no trace in {file.name}")


@case("another log's key does not verify a receipt")
def _(folder):
    record(folder / "a", "jane@example.com")
    record(folder / "b", "jane@example.com")
    path = receipt(folder, folder / "a", 1)
    exits(optout("verify", "--receipt", path, "--key", key(folder / "b")), 1)


@case("a changed event is found by verify")
def _(folder):
    import sqlite3
    data = folder / "data"
    record(data, "jane@example.com", "bob@example.com")
    db = sqlite3.connect(data / "ledger.db")
    db.execute("UPDATE event SET kind = 2 WHERE seq = 1")
    db.commit()
    db.close()
    r = optout("verify", data=data)
    true(r.code != 0, "an audit that finds a changed event does not say ok")
    contains(r.err, "event 1")


@case("an older copy of the ledger, with everything else older or gone, is refused")
def _(folder):
    data, old = folder / "data", folder / "old.db"
    record(data, "jane@example.com")
    shutil.copy(data / "ledger.db", old)
    record(data, "bob@example.com")
    for file in data.glob("ledger.db*"):
        file.unlink()
    for file in data.glob("lookup.*"):
        file.unlink()
    shutil.copy(old, data / "ledger.db")
    equal(optout("record", "out", "carl@example.com", data=data).code, 3)
    r = optout("check", "bob@example.com", data=data)
    equal((r.code, r.out), (3, "deny\tbob@example.com\tstale\n"))
    exits(optout("log", "checkpoint", data=data), 3)

    exits(optout("log", "restart", data=data))
    origin, size, _ = checkpoint(data)
    matches("/log2$", origin)
    equal(size, 2)
    record(data, "carl@example.com")
    matches("^ok 2 events", exits(optout("verify", data=data)).out)
    true((data / "log.1" / "checkpoint").exists(), "the old log is kept")


@case("two installations cosign each other, as far as each has only grown")
def _(folder):
    for mine, other in (("a", "b"), ("b", "a")):
        record(folder / mine, "jane@example.com")
        request = exits(optout("log", "request", data=folder / mine)).out
        line = exits(optout("witness", "--log", key(folder / mine), "-", data=folder / other,
                            input=request)).out
        exits(optout("log", "cosign", "-", data=folder / mine, input=line))
        contains(exits(optout("log", "checkpoint", data=folder / mine)).out, "/witness ")
        size = checkpoint(folder / mine)[1]
        record(folder / mine, *[f"p{i}@example.com" for i in range(20)])
        request = exits(optout("log", "request", "--old", size, data=folder / mine)).out
        exits(optout("witness", "--log", key(folder / mine), "-", data=folder / other,
                     input=request))


@case("a rewritten history and a second view are not cosigned")
def _(folder):
    data, witness, copy = folder / "data", folder / "witness", folder / "copy"
    record(data, "jane@example.com")
    shutil.copytree(data, copy)  # the same key and name: a forger with everything

    record(data, "bob@example.com")
    vkey = key(data)

    def ask(where, old):
        request = exits(optout("log", "request", "--old", old, data=where)).out
        return optout("witness", "--log", vkey, "-", data=witness, input=request)

    exits(ask(data, 0))
    record(copy, "mallory@example.com")
    contains(exits(ask(copy, 3), 1).err, "split view")
    record(copy, "more@example.com")
    contains(exits(ask(copy, 3), 1).err, "rewritten")
    record(data, "carl@example.com")
    exits(ask(data, 3))


@case("order is the sequence number, whatever the clock says")
def _(folder):
    data = folder / "data"
    for at, address in [("2038-01-19T03:14:08Z", "a@example.com"),
                        ("1999-01-01T00:00:00Z", "b@example.com"),
                        ("1999-01-01T00:00:00Z", "c@example.com")]:
        exits(optout("record", "out", address, data=data, at=at))
    exits(optout("record", "in", "a@example.com", "--proof", "asked", data=data,
                 at="1980-01-01T00:00:00Z"))
    matches("^allow", optout("check", "a@example.com", data=data).out)
    r = exits(optout("verify", data=data))
    matches("^ok 4 events", r.out)
    contains(r.err, "the clock went back 2 times")
    contains(r.err, "1 events were recorded more than a day ahead")


run()
