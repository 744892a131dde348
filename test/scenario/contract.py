#!/usr/bin/env python3
"""The verbs of the spine as a user types them: what they print, how they exit, what they refuse."""

import base64
import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import tempfile

from tap import OPTOUT, case, contains, equal, exits, lacks, matches, optout, run, start, true

JANE = "jane@example.com"
NOBODY = 65534
FAMILIES = ("md5", "sha1", "sha256", "sha512")


def record(data, *args, code=0):
    return exits(optout("record", *args, data=data), code)


def answers(data, expected, *args):
    """Checks {address: reason} with one call and returns it."""
    r = optout("check", *args, "--", *expected, data=data)
    equal({line.split("\t")[1]: line.split("\t")[2] for line in r.lines}, expected)
    return r


def reason(data, address, *args):
    return optout("check", *args, "--", address, data=data).lines[0].split("\t")[2]


def digests(text):
    """Every digest of a text, as it may be written: hex, and Base64 for the SHA family."""
    for family in FAMILIES:
        h = hashlib.new(family, text.encode())
        yield f"{family}:{h.hexdigest()}"
        if family != "md5":
            yield f"{family}:{base64.b64encode(h.digest()).decode()}"


def files_of(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


# ---- record and check

@case("record prints SEQ KIND SCOPE, check then denies with the reason")
def _(d):
    equal(record(d / "a", "out", "-s", "email:acme/news", JANE).out, "1 out email:acme/news\n")
    equal(record(d / "a", "complaint", JANE).out, "2 complaint email:*/*\n")
    r = exits(optout("check", "-s", "email:acme/news", JANE, data=d / "a"), 1)
    equal(r.out, f"deny\t{JANE}\tcomplaint\n")


@case("record and check in JSON")
def _(d):
    r = record(d / "a", "--json", "out", "-s", "email:acme/news", "--at", "2026-11-23T10:00:00Z",
               JANE)
    equal(r.json, [{"event": 1, "kind": "out", "scope": "email:acme/news"}])
    r = exits(optout("--json", "check", "-s", "email:acme/news", "--country", "US",
                     "Jane <JANE@Example.COM>", data=d / "a"), 1)
    answer = r.json[0]
    contains(answer.pop("law"), "us-canspam-email")
    equal(answer,
          {"address": JANE, "scope": "email:acme/news", "verdict": "deny", "reason": "opt-out",
           "event": 1, "since": "2026-11-23T10:00:00Z"})


@case("an allowed answer in JSON names no event and no law")
def _(d):
    record(d / "a", "out", JANE)
    r = exits(optout("check", "--json", "bob@example.com", data=d / "a"))
    equal(r.json, [{"address": "bob@example.com", "scope": "email:*/*", "verdict": "allow",
                    "reason": "no-record", "event": None, "since": None, "law": []}])


@case("check exits 0 when all are allowed, 1 when one is not, 2 when none can be read")
def _(d):
    record(d / "a", "out", JANE)
    exits(optout("check", "bob@example.com", "+14155550100", data=d / "a"))
    exits(optout("check", "bob@example.com", JANE, data=d / "a"), 1)
    r = exits(optout("check", "no address", data=d / "a"), 2)
    equal(r.out, "deny\tno address\tunreadable\n")
    exits(optout("check", "bob@example.com", "no address", data=d / "a"), 1)


@case("stdin: a line an address, blank lines passed over, bad ones told with their line")
def _(d):
    lines = f"{JANE}\n\nbad@\r\nbob@example.com"
    r = exits(optout("record", "out", "-", data=d / "a", input=lines))
    equal(r.lines, ["1 out email:*/*", "2 out email:*/*"])
    contains(r.err, "line 3: bad@:")
    contains(r.err, "3 read, 2 recorded, 0 refused, 1 unreadable")
    r = exits(optout("check", "-", data=d / "a", input=f"bad@\n{JANE}\n"), 1)
    equal(r.lines, ["deny\tbad@\tunreadable", f"deny\t{JANE}\topt-out"])


@case("stdin of which nothing can be read exits 2")
def _(d):
    exits(optout("record", "out", "-", data=d / "a", input="x\ny\n"), 2)
    exits(optout("check", "-", data=d / "a", input="x\ny\n"), 2)


@case("an answer comes while stdin is still open")
def _(d):
    record(d / "a", "out", JANE)
    p = start("check", "-", data=d / "a")
    p.stdin.write(JANE + "\n")
    p.stdin.flush()
    equal(p.stdout.readline(), f"deny\t{JANE}\topt-out\n")


@case("the addresses of the contract, in other spellings")
def _(d):
    phone, device = "+14155550100", "device:6d92078a-8246-4ba4-ae5b-76104861e7dc"
    for address in (JANE, phone, device, "cookie:Visitor-1"):
        record(d / "a", "out", address)
    for text in (" JANE@EXAMPLE.COM ", "mailto:jane@example.com", '"Doe, Jane" <jane@example.com>',
                 "tel:+1-415-555-0100", "+1 (415) 555-0100", "+１４１５５５５０１００", device.upper(),
                 "cookie:Visitor-1"):
        equal(reason(d / "a", text), "opt-out")
    equal(reason(d / "a", "cookie:visitor-1"), "no-record")
    equal(reason(d / "a", "jane+x@example.com"), "no-record")


@case("an address of control characters is shown harmless")
def _(d):
    r = exits(optout("check", "a\x1b[31mb", data=d / "a"), 3)
    lacks(r.out + r.err, "\x1b")


@case("--at takes RFC 3339, --source a word, --proof text; why shows them")
def _(d):
    record(d / "a", "out", "--at", "2026-11-23T12:00:00+02:00", "--source", "phone-call",
           "--proof", "call 17", JANE)
    equal(optout("why", "--json", JANE, data=d / "a").json[1]["at"], "2026-11-23T10:00:00Z")
    matches(r"from phone-call  proof: call 17", optout("why", JANE, data=d / "a").out)
    for bad in (("--at", "yesterday"), ("--source", "two words"), ("--proof", "x" * 4097),
                ("-s", "fax:acme/news"), ("-s", "email"), ("-s", "email:a b/c")):
        record(d / "a", "out", *bad, JANE, code=2)
    equal(len(optout("why", "--json", JANE, data=d / "a").lines), 2, "nothing more was recorded")


@case("words that are no kind are refused")
def _(d):
    for kind in ("maybe", "OUT", "forget", ""):
        record(d / "a", kind, JANE, code=2)
    true(not (d / "a").exists(), "no directory was made for a usage error")


# ---- scopes and precedence

@case("an event covers the questions that its scope contains; * is covered by * alone")
def _(d):
    record(d / "a", "out", "-s", "email:acme/*", JANE)
    for scope, expected in (("email:acme/news", "opt-out"), ("email:acme/*", "opt-out"),
                            ("EMAIL:ACME/News", "opt-out"), ("email:globex/news", "no-record"),
                            ("email:*/*", "no-record"), ("*:acme/*", "no-record"),
                            ("sms:acme/news", "no-record"), ("*", "no-record")):
        equal(reason(d / "a", JANE, "-s", scope), expected, scope)
    record(d / "a", "out", "-s", "*", JANE)
    for scope in ("*", "sms:acme/news", "post:*/*", "*:*/news"):
        equal(reason(d / "a", JANE, "-s", scope), "opt-out", scope)


@case("without a scope it is the address's own channel")
def _(d):
    scopes = {JANE: "email:*/*", "+14155550100": "sms:*/*", "cookie:x": "ads:*/*",
              "sha256:" + "0" * 64: "*:*/*"}
    for number, (address, scope) in enumerate(scopes.items(), 1):
        equal(record(d / "a", "out", address).out, f"{number} out {scope}\n")


@case("of the covering events the latest wins")
def _(d):
    for kind, expected in (("out", "opt-out"), ("complaint", "complaint"), ("hold", "hold"),
                           ("dead", "dead-address"), ("out", "opt-out")):
        record(d / "a", kind, JANE)
        equal(reason(d / "a", JANE), expected)


@case("an opt-in without proof against a standing opt-out is refused and lifts nothing")
def _(d):
    for kind, expected in (("out", "opt-out"), ("complaint", "complaint"), ("hold", "hold")):
        who = kind + "@example.com"
        record(d / "a", kind, who)
        r = record(d / "a", "in", who, code=1)
        equal(r.out, "")
        contains(r.err, "--proof")
        equal(reason(d / "a", who), expected)


@case("a narrow opt-out stays when a wider opt-in without proof is taken")
def _(d):
    record(d / "a", "out", "-s", "email:acme/news", JANE)
    record(d / "a", "in", "-s", "email:*/*", JANE)
    equal(reason(d / "a", JANE, "-s", "email:acme/news"), "opt-out")
    equal(reason(d / "a", JANE, "-s", "email:acme/deals"), "opt-in")


@case("an opt-in with proof lifts; an opt-out after it stands again")
def _(d):
    record(d / "a", "out", JANE)
    record(d / "a", "in", "--proof", "confirmed by link", JANE)
    equal(reason(d / "a", JANE), "opt-in")
    record(d / "a", "out", JANE)
    equal(reason(d / "a", JANE), "opt-out")


@case("the order of the ledger counts, not the time that is told")
def _(d):
    record(d / "a", "in", "--proof", "form", "--at", "2026-11-20T00:00:00Z", JANE)
    record(d / "a", "out", "--at", "2020-01-01T00:00:00Z", JANE)
    equal(reason(d / "a", JANE), "opt-out")


@case("any opt-in ends a dead address, but not the opt-out below it")
def _(d):
    record(d / "a", "dead", JANE)
    record(d / "a", "in", JANE)
    equal(reason(d / "a", JANE), "opt-in")
    record(d / "a", "out", "bob@example.com")
    record(d / "a", "dead", "bob@example.com")
    optout("record", "in", "bob@example.com", data=d / "a")
    equal(optout("check", "bob@example.com", data=d / "a").code, 1)


@case("a service message may go to whom marketing may not")
def _(d):
    record(d / "a", "out", JANE)
    r = exits(optout("check", "--purpose", "service", JANE, data=d / "a"))
    equal(r.out, f"allow\t{JANE}\tservice-message\n")
    exits(optout("check", "--purpose", "marketing", JANE, data=d / "a"), 1)
    exits(optout("check", "--purpose", "fun", JANE, data=d / "a"), 2)
    exits(optout("check", "--purpose", "service", "nonsense", data=d / "a"), 2)


# ---- the configuration

def configured(d, text):
    (d / "a").mkdir(mode=0o700)
    (d / "a" / "optout.conf").write_text(text)
    return d / "a"


@case("opt-in regimes: topic before sender before file, a channel before the general word")
def _(d):
    data = configured(d, "consent = opt-in\n[sender acme]\nconsent = opt-out\n"
                         "consent.sms = opt-in\n[topic acme/deals]\nconsent = opt-in\n")
    record(data, "in", "-s", "email:acme/deals", "ann@example.com")
    for scope, expected in (("email:globex/news", "no-consent"), ("email:acme/news", "no-record"),
                            ("sms:acme/news", "no-consent"), ("email:acme/deals", "no-consent")):
        equal(reason(data, JANE, "-s", scope), expected, scope)
    equal(reason(data, "ann@example.com", "-s", "email:acme/deals"), "opt-in")
    equal(reason(data, JANE, "--purpose", "service"), "service-message")


@case("a configuration with errors: each told with its line, nothing done, every answer deny")
def _(d):
    data = configured(d, "# ours\nconcent = opt-in\n\n[sender acme]\nconsent = maybe\n")
    r = exits(optout("record", "out", JANE, data=data), 2)
    contains(r.err, "optout.conf: line 2:")
    contains(r.err, "optout.conf: line 5:")
    equal(sorted(p.name for p in data.iterdir()), ["optout.conf"])
    r = optout("check", JANE, data=data)
    equal(r.out, f"deny\t{JANE}\tstale\n")
    equal(r.code, 2)


@case("phones in national form are read by default_country, and refused without")
def _(d):
    data = configured(d, "default_country = US\n")
    record(data, "out", "(415) 555-0100")
    equal(reason(data, "+14155550100"), "opt-out")
    r = exits(optout("record", "out", "(415) 555-0100", data=d / "b"), 2)
    true(r.err, "it says why")


# ---- digests and equivalents

@case("an opt-out in clear answers every digest of the address")
def _(d):
    record(d / "a", "out", JANE)
    for text in digests(JANE):
        equal(optout("check", text, data=d / "a").code, 1, text)
        equal(optout("check", text.split(":")[0].upper() + ":" + text.split(":")[1],
                     data=d / "a").code, 1, text)
    equal(optout("check", next(digests("bob@example.com")), data=d / "a").code, 0)


@case("an opt-out as any digest answers the address in clear, and no other")
def _(d):
    for number, text in enumerate(digests("+14155550100")):
        data = d / str(number)
        record(data, "out", text)
        equal(reason(data, "+14155550100"), "opt-out", text)
        equal(reason(data, "+14155550101"), "no-record", text)


@case("a digest of the wrong length or of wrong letters is unreadable")
def _(d):
    record(d / "a", "out", JANE)
    for text in ("md5:" + "0" * 31, "sha256:" + "g" * 64, "sha1:", "sha256:" + "A" * 42 + "!"):
        equal(reason(d / "a", text), "unreadable", text)


@case("phone numbers that reach the same person are one: Mexico, Argentina, Brazil")
def _(d):
    pairs = (("+525512345678", "+5215512345678"), ("+541123456789", "+5491123456789"),
             ("+551188765432", "+5511988765432"))
    for number, (short, long) in enumerate(pairs):
        for way, (told, asked) in enumerate(((short, long), (long, short))):
            data = d / f"{number}{way}"
            record(data, "out", told)
            equal(reason(data, asked), "opt-out", f"{told} answers {asked}")
            sha = hashlib.sha256(asked.encode()).hexdigest()
            equal(reason(data, f"sha256:{sha}"), "opt-out", f"{told} answers the digest of {asked}")
            equal(reason(data, told[:-1] + "0"), "no-record")


# ---- import and export

@case("a file imported twice adds nothing, even after an opt-in; nor does a copy from stdin")
def _(d):
    (d / "list.txt").write_text(f"{JANE}\nbob@example.com\n{JANE}\n")
    r = exits(optout("import", d / "list.txt", data=d / "a"))
    contains(r.err, "read 3, recorded 2, known already 1")
    record(d / "a", "in", "--proof", "link", JANE)
    contains(exits(optout("import", d / "list.txt", data=d / "a")).err, "imported already")
    equal(reason(d / "a", JANE), "opt-in")
    r = exits(optout("import", "-", data=d / "a", input="bob@example.com\n"))
    contains(r.err, "recorded 0")


@case("an import never opts anybody in")
def _(d):
    record(d / "a", "out", JANE)
    (d / "l.csv").write_text(f"email,status\n{JANE},subscribed\nbob@example.com,unsubscribed\n")
    r = exits(optout("--json", "import", d / "l.csv", data=d / "a"))
    equal((r.json[0]["recorded"], r.json[0]["not_opt_outs"]), (1, 1))
    answers(d / "a", {JANE: "opt-out", "bob@example.com": "opt-out"})


@case("import --list names the source, -s the scope; why shows both")
def _(d):
    (d / "l.txt").write_text(f"{JANE}\n")
    exits(optout("import", "--list", "dnc-2026", "-s", "email:acme/*", d / "l.txt", data=d / "a"))
    event = optout("--json", "why", JANE, data=d / "a").json[1]
    equal((event["source"], event["scope"]), ("dnc-2026", "email:acme/*"))
    exits(optout("import", "--list", "two words", d / "l.txt", data=d / "a"), 2)
    exits(optout("import", "--from", "acme-mailer", d / "l.txt", data=d / "a"), 2)
    exits(optout("import", d / "missing.txt", data=d / "a"), 2)


def small_world(data):
    """Statements of all kinds; returns every question worth asking as (scope, address)."""
    record(data, "out", "-s", "email:acme/news", JANE, "=cmd@example.com")
    record(data, "out", "-s", "email:acme/*", "bob@example.com")
    record(data, "complaint", "bob@example.com")
    record(data, "hold", "-s", "*", "+14155550100")
    record(data, "dead", "gone@example.com")
    record(data, "out", "back@example.com")
    record(data, "in", "--proof", "link", "back@example.com")
    people = (JANE, "=cmd@example.com", "bob@example.com", "+14155550100", "gone@example.com",
              "back@example.com", "nobody@example.com")
    return [(s, p) for p in people for s in ("email:acme/news", "email:acme/x", "email:*/*",
                                             "sms:*/*", "*")]


def all_reasons(data, questions):
    """Denials by their reason; what allows is one, since an export tells no opt-ins."""
    told = {}
    for scope in sorted({s for s, _ in questions}):
        people = [p for s, p in questions if s == scope]
        for line in optout("check", "-s", scope, "--", *people, data=data).lines:
            verdict, address, why = line.split("\t")
            told[scope, address] = why if verdict == "deny" else "allow"
    return told


@case("what is exported gives the same verdicts in a fresh ledger: CSV, spreadsheet, JSON")
def _(d):
    questions = small_world(d / "a")
    expected = all_reasons(d / "a", questions)
    for number, args in enumerate(([], ["--spreadsheet"], ["--json"])):
        (d / f"{number}.list").write_text(exits(optout("export", *args, data=d / "a")).out)
        exits(optout("import", d / f"{number}.list", data=d / f"{number}"))
        equal(all_reasons(d / f"{number}", questions), expected, f"export {args}")
    contains((d / "1.list").read_text(), "'=cmd@example.com")


@case("what is exported as digests gives the same verdicts and names nobody")
def _(d):
    questions = small_world(d / "a")
    expected = all_reasons(d / "a", questions)
    for family in FAMILIES:
        text = exits(optout("export", "--digest", family, data=d / "a")).out
        lacks(text, "@")
        lacks(text, "4155550100")
        (d / family).write_text(text)
        exits(optout("import", d / family, data=d / f"{family}.data"))
        equal(all_reasons(d / f"{family}.data", questions), expected, family)


@case("export -s tells what covers that scope; nothing standing is a header alone")
def _(d):
    small_world(d / "a")
    out = exits(optout("export", "-s", "email:acme/news", data=d / "a")).out
    equal(sorted(line.split(",")[0] for line in out.splitlines()[1:]),
          sorted([JANE, "=cmd@example.com", "bob@example.com", "+14155550100",
                  "gone@example.com"]))
    record(d / "b", "in", "--proof", "x", JANE)
    equal(exits(optout("export", data=d / "b")).lines, ["address,scope,kind,since,source"])


# ---- why

@case("why tells the verdict, then every event, oldest first, with its proof")
def _(d):
    record(d / "a", "out", "-s", "email:acme/news", JANE)
    record(d / "a", "in", "-s", "email:acme/news", "--proof", "clicked", JANE)
    record(d / "a", "complaint", JANE)
    verdict, *events = exits(optout("--json", "why", JANE, data=d / "a")).json
    equal((verdict["verdict"], verdict["reason"], verdict["event"]), ("deny", "complaint", 3))
    equal([(e["event"], e["kind"], e["proof"]) for e in events],
          [(1, "out", None), (2, "in", "clicked"), (3, "complaint", None)])
    matches(r"^deny\tjane@example.com\tcomplaint$", optout("why", JANE, data=d / "a").out)
    contains(exits(optout("why", "bob@example.com", data=d / "a")).out, "no event is known")
    exits(optout("why", "nonsense", data=d / "a"), 2)
    exits(optout("why", data=d / "a"), 2)


@case("why asked by a digest tells the events told in clear, and the other way round")
def _(d):
    record(d / "a", "out", JANE)
    for text in digests(JANE):
        equal(optout("--json", "why", text, data=d / "a").json[1]["event"], 1, text)
    md5 = next(digests("bob@example.com"))
    record(d / "a", "out", md5)
    equal(optout("--json", "why", "bob@example.com", data=d / "a").json[1]["event"], 2)


# ---- keys

@case("API keys: shown once, listed, revoked; a name is not used twice")
def _(d):
    key = exits(optout("key", "add", "--role", "send", "web", data=d / "a"))
    matches(r"^optout_[A-Za-z0-9_-]{43}$", key.out)
    second = exits(optout("--json", "key", "add", "--role", "admin", "ops", data=d / "a")).json[0]
    equal((second["name"], second["role"]), ("ops", "admin"))
    exits(optout("key", "add", "--role", "read", "web", data=d / "a"), 2)
    exits(optout("key", "add", "--role", "owner", "x", data=d / "a"), 2)
    exits(optout("key", "add", "web2", data=d / "a"), 2)
    exits(optout("key", "revoke", "web", data=d / "a"))
    exits(optout("key", "revoke", "nobody", data=d / "a"), 2)
    listed = exits(optout("key", "list", data=d / "a"))
    matches(r"^ops\tadmin\t\S+\tactive$", listed.out)
    matches(r"^web\tsend\t\S+\trevoked \S+$", listed.out)
    for file in files_of(d / "a"):
        true(key.out.strip().encode() not in file.read_bytes(), f"the key is not in {file.name}")


@case("key backup copies the key, 0600, never over another file; it restores a lost key")
def _(d):
    record(d / "a", "out", JANE)
    exits(optout("key", "backup", d / "copy", data=d / "a"))
    equal(mode_of(d / "copy"), 0o600)
    true(optout("key", "backup", d / "copy", data=d / "a").code != 0, "not written over")
    (d / "a" / "key").unlink()
    shutil.copy(d / "copy", d / "a" / "key")
    equal(reason(d / "a", JANE), "opt-out")


# ---- usage

VERBS = ("record", "check", "scrub", "import", "export", "why", "key", "forget", "verify")


@case("--help and --version at every level, on stdout, exit 0, without a data directory")
def _(d):
    for args in ([], *([verb] for verb in VERBS)):
        r = exits(optout(*args, "--help", data=d / "none"))
        contains(r.out, "usage: optout")
        equal(r.err, "")
        contains(exits(optout(*args, "-h")).out, "usage: optout")
        matches(r"^optout \d+\.\d+\.\d+\b", exits(optout(*args, "--version")).out)
    for verb in VERBS:
        contains(exits(optout("--help")).out, verb)
    equal(exits(optout("help")).out, exits(optout("--help")).out)
    true(not (d / "none").exists(), "nothing was made")


@case("bad usage exits 2, says so on stderr, and prints nothing")
def _(d):
    for args in ([], ["frobnicate"], ["--frob"], ["check"], ["check", "--frob", JANE], ["record"],
                 ["record", "out"], ["check", "-s"], ["why", JANE, JANE], ["export", "x"],
                 ["scrub"], ["import"], ["key"], ["key", "add"],
                 ["check", "--country", "USA", JANE], ["scrub", "a", "b"], ["--data"]):
        r = exits(optout(*args), 2)
        equal(r.out, "", str(args))
        matches(r"^optout: ", r.err)


@case("options stand before or after the operands, glued or apart; -- ends them")
def _(d):
    data = d / "a"
    record(data, "out", JANE, "-s", "email:acme/news")
    for args in (["-s", "email:acme/news", JANE], [JANE, "-s", "email:acme/news"],
                 [JANE, "-semail:acme/news"], ["--scope=email:acme/news", JANE],
                 [JANE, "--scope", "email:acme/news"]):
        exits(optout("check", *args, data=data), 1)
    exits(optout("check", JANE, "--data", data, "-s", "email:acme/news"), 1)
    exits(optout("check", f"--data={data}", "--json", JANE))
    r = optout("check", "--", "-s", JANE, data=data)
    equal([line.split("\t")[1] for line in r.lines], ["-s", JANE])
    exits(optout("check", "--json=yes", JANE, data=data), 2)


@case("the data directory: --data, then $OPTOUT_DATA, then ./optout-data")
def _(d):
    env = {**os.environ, "OPTOUT_DATA": str(d / "env")}
    def program(*args, env):
        return subprocess.run([OPTOUT, *args], cwd=d, env=env, capture_output=True, check=True)
    program("record", "out", JANE, env=env)
    true((d / "env" / "ledger.db").exists(), "$OPTOUT_DATA was used")
    program("--data", str(d / "option"), "record", "out", JANE, env=env)
    true((d / "option" / "ledger.db").exists(), "--data goes before")
    for value in ({}, {"OPTOUT_DATA": ""}):
        bare = {k: v for k, v in os.environ.items() if k != "OPTOUT_DATA"}
        program("record", "out", JANE, env={**bare, **value})
    true((d / "optout-data" / "ledger.db").exists(), "./optout-data is the last")


@case("what is made is private, whatever the umask: directory 0700, files 0600")
def _(d):
    old = os.umask(0)
    try:
        r = record(d / "a", "out", JANE)
        contains(r.err, "key")
        equal(mode_of(d / "a"), 0o700)
        for file in (d / "a").rglob("*"):
            equal(mode_of(file), 0o700 if file.is_dir() else 0o600, file.name)
        lacks(record(d / "a", "out", JANE).err, "new ledger")
    finally:
        os.umask(old)


@case("no address stands in clear in any file of the directory")
def _(d):
    record(d / "a", "out", "--proof", "said by phone", JANE, "+14155550100")
    for file in files_of(d / "a"):
        raw = file.read_bytes()
        for secret in (b"jane@", b"4155550100", b"said by phone",
                       hashlib.md5(JANE.encode()).digest(),
                       hashlib.sha256(JANE.encode()).digest()):
            true(secret not in raw, f"{secret} is not in {file.name}")


@case("a closed stdout is a failure of the machine, and what was recorded stays")
def _(d):
    record(d / "a", "out", JANE)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([OPTOUT, "--data", str(d / "a"), "check", JANE], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    equal(done.returncode, 3)
    contains(done.stderr, "cannot write the results")


# ---- what is missing, old, foreign or damaged

def denied_for_lack(data, code=3):
    """Whatever is asked, the answer is deny, stale, exit 3."""
    r = exits(optout("check", JANE, "bob@example.com", data=data), code)
    equal(r.lines, [f"deny\t{JANE}\tstale", "deny\tbob@example.com\tstale"])
    true(r.err, "it says what is wrong")
    return r.err


@case("a missing directory: denied, stale, exit 3, and nothing is made; other readers fail too")
def _(d):
    contains(denied_for_lack(d / "none"), "no data directory")
    (d / "l.txt").write_text(f"{JANE}\n")
    for args in (["why", JANE], ["export"], ["key", "list"], ["scrub", "-o", d / "o", d / "l.txt"]):
        equal(exits(optout(*args, data=d / "none"), 3).out, "")
    true(not (d / "none").exists() and not (d / "o").exists(), "nothing was made")


@case("an empty directory: denied to readers, begun by a writer")
def _(d):
    (d / "a").mkdir()
    denied_for_lack(d / "a")
    record(d / "a", "out", JANE)
    equal(reason(d / "a", JANE), "opt-out")


@case("a lost key is explained, everything is denied, nothing is recorded")
def _(d):
    record(d / "a", "out", JANE)
    (d / "a" / "key").unlink()
    contains(denied_for_lack(d / "a"), "key")
    contains(record(d / "a", "out", JANE, code=3).err, "backup")
    true(not (d / "a" / "key").exists(), "no new key is made")


@case("a lost ledger is explained, everything is denied, nothing is recorded")
def _(d):
    record(d / "a", "out", JANE)
    for file in (d / "a").glob("ledger.*"):
        file.unlink()
    contains(denied_for_lack(d / "a"), "ledger")
    record(d / "a", "out", JANE, code=3)
    true(not (d / "a" / "ledger.db").exists(), "no new ledger is made")


@case("a key or a ledger of another directory is refused, everything is denied")
def _(d):
    record(d / "a", "out", JANE)
    record(d / "b", "out", "bob@example.com")
    shutil.copytree(d / "a", d / "c")
    shutil.copy(d / "b" / "key", d / "a" / "key")
    contains(denied_for_lack(d / "a"), "key")
    record(d / "a", "out", JANE, code=3)
    shutil.copy(d / "b" / "ledger.db", d / "c" / "ledger.db")
    denied_for_lack(d / "c")


@case("a key file of garbage is refused")
def _(d):
    record(d / "a", "out", JANE)
    for text in ("", "optout-key-v1\n", "optout-key-v1\n" + "0" * 63 + "\n", "garbage" * 99):
        (d / "a" / "key").write_text(text)
        denied_for_lack(d / "a")


@case("a ledger of garbage is refused, and everything denied")
def _(d):
    record(d / "a", "out", JANE)
    for raw in (b"not a database at all" * 300, b"", os.urandom(20000)):
        (d / "a" / "ledger.db").write_bytes(raw)
        denied_for_lack(d / "a")


@case("an older copy of the ledger beside a newer lookup takes no record, lifts nothing")
def _(d):
    record(d / "a", "out", JANE)
    backup = d / "old.db"
    with sqlite3.connect(d / "a" / "ledger.db") as db, sqlite3.connect(backup) as copy:
        db.backup(copy)
    record(d / "a", "out", "bob@example.com")
    for file in (d / "a").glob("ledger.db*"):
        file.unlink()
    shutil.copy(backup, d / "a" / "ledger.db")
    contains(record(d / "a", "out", "ann@example.com", code=3).err, "older copy")
    for who in (JANE, "bob@example.com"):
        equal(optout("check", who, data=d / "a").out.split("\t")[0], "deny", who)


def spoil(file, how):
    raw = file.read_bytes()
    if how == "deleted":
        file.unlink()
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "halved":
        file.write_bytes(raw[:len(raw) // 2])
    elif how == "grown":
        file.write_bytes(raw + b"\0" * 4096)
    elif how == "garbage":
        file.write_bytes(os.urandom(len(raw)))
    elif how == "zeroes":
        file.write_bytes(bytes(len(raw)))
    else:
        flipped = bytearray(raw)
        for at in range(0, len(flipped), 509):
            flipped[at] ^= 0x10
        file.write_bytes(flipped)


for spoiled in (["lookup.base"], ["lookup.delta"], ["lookup.base", "lookup.delta"]):
    @case(f"{' and '.join(spoiled)} deleted, cut, grown or damaged: answers are right")
    def _(d, names=tuple(spoiled)):
        many = [f"p{n}@example.com" for n in range(50)]
        record(d / "a", "out", *many)
        questions = [*many, *(f"q{n}@example.com" for n in range(50))]
        right = ["deny"] * 50 + ["allow"] * 50
        for how in ("deleted", "empty", "halved", "grown", "garbage", "zeroes", "flipped"):
            for name in names:
                if (d / "a" / name).exists():
                    spoil(d / "a" / name, how)
            r = exits(optout("check", *questions, data=d / "a"), 1)
            equal([line.split("\t")[0] for line in r.lines], right, how)
            record(d / "a", "out", many[0])
            exits(optout("verify", data=d / "a"))


# ---- without the right to write

def as_nobody(*args, data):
    """Runs a copy of the program, beside the directory, as a user who owns nothing here."""
    return subprocess.run([data.parent / "optout", "--data", data, *args], capture_output=True,
                          text=True, check=False, user=NOBODY, group=NOBODY, extra_groups=[],
                          cwd="/")


def open_to_all(folder):
    """Lets everybody read what is in the case's folder, and go down to it."""
    for path in (folder, *folder.parents):
        if path.is_relative_to(tempfile.gettempdir()):
            path.chmod(mode_of(path) | stat.S_IXOTH)
    for path in [folder / "a", *(folder / "a").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    shutil.copy(OPTOUT, folder / "optout")


@case("a directory that may only be read: asking answers rightly or denies, recording fails")
def _(d):
    record(d / "a", "out", JANE)
    open_to_all(d)
    r = as_nobody("check", JANE, data=d / "a")
    matches(r"^deny\tjane@example.com\t(opt-out|stale)$", r.stdout)
    true(r.returncode in (1, 3), f"exit status {r.returncode}")
    r = as_nobody("record", "out", "bob@example.com", data=d / "a")
    equal((r.returncode, r.stdout), (3, ""))
    for name in ("lookup.base", "lookup.delta"):
        (d / "a" / name).unlink()
        r = as_nobody("check", JANE, data=d / "a")
        matches(r"^deny\tjane@example.com\t(opt-out|stale)$", r.stdout)


@case("a directory that may not be read at all: denied, stale, exit 3")
def _(d):
    record(d / "a", "out", JANE)
    open_to_all(d)
    (d / "a").chmod(0o700)
    r = as_nobody("check", JANE, data=d / "a")
    equal((r.returncode, r.stdout), (3, f"deny\t{JANE}\tstale\n"))
    equal(as_nobody("record", "out", JANE, data=d / "a").returncode, 3)


run()
