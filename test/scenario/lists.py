#!/usr/bin/env python3
"""Lists: scrub copies byte for byte and in order, import takes in what other products export."""

import base64
import contextlib
import gzip
import hashlib
import os
import subprocess
from pathlib import Path

from tap import OPTOUT, case, contains, equal, exits, lacks, matches, optout, run, true

JANE, ANN = "jane@example.com", "ann@example.com"  # opted out in most of what follows
MEMORY_BOUND = 256 << 20
LONG_LINE = 100 << 20


def opted_out(d, *addresses):
    exits(optout("record", "out", *(addresses or (JANE, ANN)), data=d / "data"))
    return d / "data"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def scrub(d, content, *options, code=0, name="list"):
    """Scrubs a file of that content: (kept, removed, stderr), the first two as bytes."""
    write(d / name, content)
    r = exits(optout("scrub", *options, "-o", d / "kept", "--removed", d / "removed", d / name,
                     data=d / "data"), code)
    equal(r.out, "", "nothing on stdout")
    return (d / "kept").read_bytes(), (d / "removed").read_bytes(), r.err


# ---- shapes

def shape_case(name, content, kept, removed, *options):
    @case(f"scrub: {name}")
    def _(d):
        opted_out(d)
        got = scrub(d, content, *options)
        equal(got[0], kept.encode() if isinstance(kept, str) else kept, "kept")
        equal(got[1], removed.encode() if isinstance(removed, str) else removed, "removed")


shape_case("lines, order and duplicates kept", "z@example.com\nann@example.com\na@example.com\n"
           "z@example.com\n", "z@example.com\na@example.com\nz@example.com\n",
           "ann@example.com\topt-out\n")
shape_case("lines as people write them",
           "Bob <Bob@Example.com>\r\n  JANE@example.com \r\n+14155550100\r\n",
           "Bob <Bob@Example.com>\r\n+14155550100\r\n", "  JANE@example.com \topt-out\n")
shape_case("lines without a final newline", "jane@example.com\nbob@example.com", "bob@example.com",
           "jane@example.com\topt-out\n")
shape_case("CSV with quotes, a doubled quote and an embedded newline",
           'name,email\n"Doe, ""J""\nx",jane@example.com\n"Roe, ""R""\ny",bob@example.com\n',
           'name,email\n"Roe, ""R""\ny",bob@example.com\n',
           'name,email,optout_reason\n"Doe, ""J""\nx",jane@example.com,opt-out\n')
shape_case("CSV with CRLF and a byte order mark",
           b"\xef\xbb\xbfemail,name\r\njane@example.com,J\r\nbob@example.com,B\r\n",
           b"\xef\xbb\xbfemail,name\r\nbob@example.com,B\r\n",
           b"\xef\xbb\xbfemail,name,optout_reason\njane@example.com,J,opt-out\n")
shape_case("CSV with semicolons", "id;email\n1;jane@example.com\n2;bob@example.com\n",
           "id;email\n2;bob@example.com\n", "id;email;optout_reason\n1;jane@example.com;opt-out\n")
shape_case("CSV with tabs", "id\temail\n1\tjane@example.com\n2\tbob@example.com\n",
           "id\temail\n2\tbob@example.com\n",
           "id\temail\toptout_reason\n1\tjane@example.com\topt-out\n")
shape_case("CSV without a header", "1,jane@example.com\n2,bob@example.com\n",
           "2,bob@example.com\n", "1,jane@example.com,opt-out\n")
shape_case("a column by its name", "from,email\njane@example.com,bob@example.com\n"
           "bob@example.com,jane@example.com\n", "from,email\njane@example.com,bob@example.com\n",
           "from,email,optout_reason\nbob@example.com,jane@example.com,opt-out\n")
shape_case("a column by --column NAME", "a,b\njane@example.com,bob@example.com\n",
           "a,b\njane@example.com,bob@example.com\n", "a,b,optout_reason\n", "--column", "b")
shape_case("a column by --column N", "a,b\njane@example.com,bob@example.com\n", "a,b\n",
           "a,b,optout_reason\njane@example.com,bob@example.com,opt-out\n", "--column", "1")
shape_case("NDJSON, its own spacing kept",
           '{ "n":1, "email" : "jane@example.com" }\n{"n":2,"email":"b\\u006fb@example.com"}\n',
           '{"n":2,"email":"b\\u006fb@example.com"}\n',
           '{"n":1, "email" : "jane@example.com","optout_reason":"opt-out"}\n')
shape_case("NDJSON by a nested member", '{"to":{"mail":"jane@example.com"}}\n'
           '{"to":{"mail":"bob@example.com"}}\n', '{"to":{"mail":"bob@example.com"}}\n',
           '{"to":{"mail":"jane@example.com"},"optout_reason":"opt-out"}\n', "--column", "to.mail")
shape_case("a NUL byte in a line spoils that line alone", b"jane\0@example.com\nbob@example.com\n",
           b"bob@example.com\n",
           b"jane\0@example.com\tunreadable: NUL byte\n")


@case("scrub: a byte that is no UTF-8 spoils its record alone, and is passed on as it is")
def _(d):
    opted_out(d)
    kept, removed, _ = scrub(d, b"b\xff@example.com\nbob@example.com\n")
    equal(kept, b"bob@example.com\n")
    true(removed.startswith(b"b\xff@example.com\tunreadable: "), f"{removed}")
    kept, _, _ = scrub(d, b"email,name\nbob@example.com,J\xfcrgen\n")
    equal(kept, b"email,name\nbob@example.com,J\xfcrgen\n")


@case("scrub: records with reasons of every kind")
def _(d):
    data = opted_out(d)
    for kind in ("complaint", "dead", "hold"):
        exits(optout("record", kind, f"{kind}@example.com", data=data))
    kept, removed, err = scrub(d, "jane@example.com\ncomplaint@example.com\ndead@example.com\n"
                                  "hold@example.com\nnonsense\nbob@example.com\n")
    equal(kept, b"bob@example.com\n")
    equal([line.split("\t")[1].split(":")[0] for line in removed.decode().splitlines()],
          ["opt-out", "complaint", "dead-address", "hold", "unreadable"])
    contains(err, "line 5:")
    contains(err, "read 6, kept 1, removed 5: opt-out 1, complaint 1, dead-address 1, hold 1, "
                  "unreadable 1; match rate 80.00 %")


@case("scrub: sums in JSON on stdout when the list goes to a file, else on stderr")
def _(d):
    data = opted_out(d)
    write(d / "l", "jane@example.com\nbob@example.com\n")
    r = exits(optout("--json", "scrub", "-o", d / "kept", d / "l", data=data))
    equal(r.json, [{"read": 2, "kept": 1, "removed": {"opt-out": 1}, "match_rate": 0.5}])
    r = exits(optout("--json", "scrub", d / "l", data=data))
    equal(r.out, "bob@example.com\n")
    contains(r.err, '"match_rate":0.5')


@case("scrub: a match rate of 0 is a warning that names how the list was read")
def _(d):
    opted_out(d)
    _, _, err = scrub(d, "id,email\n1,bob@example.com\n")
    matches(r"warning: .*match", err)
    contains(err, "csv, addresses in column 2")
    _, _, err = scrub(d, "id,email\n1,jane@example.com\n")
    lacks(err, "warning")


@case("scrub: file, stdin, gzip and zstd give the same")
def _(d):
    data = opted_out(d)
    left = "email,n\n" + "".join(f"p{n}@example.com,{n}\n" for n in range(5000))
    text, expected = left + "ANN@example.com,x\n", left.encode()
    equal(scrub(d, text)[0], expected)
    zipped = gzip.compress(text.encode())
    equal(scrub(d, zipped)[0], expected, "gzip")
    equal(scrub(d, zipped + gzip.compress(b"jane@example.com,1\nz@example.com,2\n"))[0],
          expected + b"z@example.com,2\n", "two gzip members")
    zstd = subprocess.run(["zstd", "-c"], input=text.encode(), capture_output=True, check=True)
    equal(scrub(d, zstd.stdout)[0], expected, "zstd")
    for content in (text.encode(), zipped, zstd.stdout):
        equal(exits(optout("scrub", "-", input=content, data=data)).out, expected, "stdin")


@case("scrub: a truncated gzip is an error, and leaves no file under the final name")
def _(d):
    data = opted_out(d)
    text = "".join(f"p{n}.{hashlib.md5(b'%d' % n).hexdigest()}@example.com\n" for n in range(20000))
    write(d / "l.gz", gzip.compress(text.encode())[:-2000])
    r = optout("scrub", "-o", d / "kept", "--removed", d / "removed", d / "l.gz", data=data)
    true(r.code in (2, 3), f"exit status {r.code}")
    true(r.err, "it says so")
    equal(sorted(p.name for p in d.iterdir()), ["data", "l.gz"])


@case("scrub: a missing column is refused with the columns that there are")
def _(d):
    data = opted_out(d)
    write(d / "l", "id,mail,phone\n1,jane@example.com,+14155550100\n")
    r = exits(optout("scrub", "--column", "address", d / "l", data=data), 2)
    for column in ("id", "mail", "phone"):
        contains(r.err, column)
    exits(optout("scrub", "--column", "9", d / "l", data=data), 2)
    equal(r.out, "")


@case("scrub: a list of which nothing can be read exits 2, and none of it is kept")
def _(d):
    opted_out(d)
    kept, _, _ = scrub(d, "x\ny\n", "--format", "lines", code=2)
    equal(kept, b"")


@case("scrub: an empty list is refused, and leaves no file under the final name")
def _(d):
    data = opted_out(d)
    r = exits(optout("scrub", "-o", d / "kept", write(d / "l", ""), data=data), 2)
    contains(r.err, "empty")
    true(not (d / "kept").exists(), "nothing was written")


@case("scrub: a file that is not there is refused")
def _(d):
    r = optout("scrub", d / "none", data=opted_out(d))
    true(r.code in (2, 3) and r.out == "", str(r))


@case("scrub: digest lists of every family, prefixed, bare, in hex and in Base64")
def _(d):
    opted_out(d)
    for family in ("md5", "sha1", "sha256", "sha512"):
        def hexed(a):
            return hashlib.new(family, a.encode()).hexdigest()
        def based(a):
            return base64.b64encode(hashlib.new(family, a.encode()).digest()).decode()
        ways = [lambda a: f"{family}:{hexed(a)}", lambda a: hexed(a).upper()]
        ways += [based] if family != "md5" else []
        for way in ways:
            text = f"{way(JANE)}\n{way('bob@example.com')}\n"
            equal(scrub(d, text, "--digest", family)[0].decode(), way("bob@example.com") + "\n",
                  family)


@case("scrub: -s asks about that scope")
def _(d):
    exits(optout("record", "out", "-s", "email:acme/news", JANE, data=d / "data"))
    equal(scrub(d, f"{JANE}\n", "-s", "email:acme/news")[0], b"")
    equal(scrub(d, f"{JANE}\n", "-s", "email:acme/deals")[0], f"{JANE}\n".encode())


# ---- bounds

def run_bounded(*args, data):
    """Runs the program with little address space; its exit status and its largest residence."""
    process = subprocess.Popen([OPTOUT, "--data", str(data), *map(str, args)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss << 10


def sanitized():
    """A sanitizer's shadow memory is not ours to bound."""
    program = Path(OPTOUT).read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


@case("scrub: one line of 100 MB takes bounded memory and spoils itself alone")
def _(d):
    data = opted_out(d)
    with open(d / "long", "wb") as file:
        for _ in range(LONG_LINE >> 20):
            file.write(b"x" * (1 << 20))
        file.write(b"\nbob@example.com\njane@example.com\n")
    code, resident = run_bounded("scrub", "-o", d / "kept", "--removed", d / "removed", d / "long",
                                 data=data)
    equal(code, 0)
    equal((d / "kept").read_bytes(), b"bob@example.com\n")
    true(sanitized() or resident < MEMORY_BOUND, f"{resident >> 20} MB were resident")


@case("check and record: a line that is too long is told, and spoils itself alone")
def _(d):
    text = "y" * 1_000_000 + f"\n{JANE}\n"
    for verb in (["record", "out"], ["check"]):
        r = optout(*verb, "-", data=d / "data", input=text)
        contains(r.err, "line 1: ")
        contains(r.err, "too long")
        equal(len(r.lines), 1 if verb[0] == "record" else 2)
    equal(r.lines[-1], f"deny\t{JANE}\topt-out")


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@case("scrub: a full disk exits 3, and the final names hold nothing or what they held")
def _(d):
    data = opted_out(d)
    write(d / "l", "".join(f"p{n}@example.com\n" for n in range(20000)))
    with small_disk(d / "disk", "64k") as disk:
        for before in (None, b"yesterday's list\n"):
            if before:
                write(disk / "kept", before)
            r = exits(optout("scrub", "-o", disk / "kept", d / "l", data=data), 3)
            contains(r.err, "cannot write")
            equal([p.name for p in disk.iterdir()], ["kept"] if before else [])
        equal((disk / "kept").read_bytes(), before)


# ---- exports of products

PRODUCTS = {
    "sendgrid": ("email,created\n\"jane@example.com\",1700000000\nann@example.com,1700000001\n",
                 {JANE: "opt-out", ANN: "opt-out"}),
    "sendgrid bounces": ("status,reason,email,created\n"
                         "5.1.1,550 5.1.1 no such user,jane@example.com,1700000000\n"
                         "4.2.2,mailbox full,bob@example.com,1700000000\n",
                         {JANE: "dead-address", "bob@example.com": "no-record"}),
    "sendgrid in JSON": ('[{"created":1443651125,"email":"jane@example.com","ip":"192.0.2.1"}]\n',
                         {JANE: "complaint"}),
    "mailchimp": ("Email Address,First Name,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,"
                  "UNSUB_REASON,UNSUB_REASON_OTHER,LEID,EUID\n"
                  "jane@example.com,Jane,2023-11-14 22:13:20,November,c1,NORMAL,,1,e1\n"
                  "ann@example.com,Ann,2023-11-15 08:00:00,November,c1,ABUSE,,2,e2\n",
                  {JANE: "opt-out", ANN: "complaint"}),
    "mailchimp cleaned": ("Email Address,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID\n"
                          "jane@example.com,2023-11-14 22:13:20,November,1,e1\n",
                          {JANE: "dead-address"}),
    "mailchimp subscribed": ("Email Address,First Name,MEMBER_RATING,OPTIN_TIME,LEID,EUID\n"
                             "jane@example.com,Jane,4,2023-11-14 22:13:20,1,e1\n",
                             {JANE: "no-record"}),
    "ses": ("Email address,Reason,Last update time\n"
            "jane@example.com,COMPLAINT,2023-11-14T22:13:20Z\n"
            "ann@example.com,BOUNCE,2023-11-14T22:13:20Z\n",
            {JANE: "complaint", ANN: "dead-address"}),
    "ses in JSON": ('{"SuppressedDestinationSummaries":[\n  {"EmailAddress":"jane@example.com",'
                    '"Reason":"BOUNCE","LastUpdateTime":"2023-11-14T22:13:20.114000+00:00"}\n]}\n',
                    {JANE: "dead-address"}),
    "mailgun": ("address,tags,created_at\njane@example.com,*,\"Tue, 14 Nov 2023 22:13:20 UTC\"\n",
                {JANE: "opt-out"}),
    "mailgun bounces": ("address,code,error,created_at\n"
                        "jane@example.com,550,No such mailbox,\"Tue, 14 Nov 2023 22:13:20 UTC\"\n",
                        {JANE: "dead-address"}),
    "postmark": ("EmailAddress,SuppressionReason,Origin,CreatedAt\n"
                 "jane@example.com,ManualSuppression,Recipient,2023-11-14T17:13:20-05:00\n"
                 "ann@example.com,SpamComplaint,Recipient,2023-11-14T17:13:20-05:00\n"
                 "dead@example.com,HardBounce,Recipient,2023-11-14T17:13:20-05:00\n",
                 {JANE: "opt-out", ANN: "complaint", "dead@example.com": "dead-address"}),
    "klaviyo": ("Email,Reason,Timestamp\njane@example.com,UNSUBSCRIBE,2023-11-14T22:13:20+00:00\n"
                "ann@example.com,SPAM_COMPLAINT,2023-11-14T22:13:20+00:00\n"
                "dead@example.com,HARD_BOUNCE,2023-11-14T22:13:20+00:00\n",
                {JANE: "opt-out", ANN: "complaint", "dead@example.com": "dead-address"}),
    "twilio": ("From,To,Status,SentDate,ErrorCode\n"
               "+14155550199,+14155550100,undelivered,2023-11-14T22:13:20Z,21610\n"
               "+14155550199,+14155550101,delivered,2023-11-14T22:13:20Z,\n",
               {"+14155550100": "opt-out", "+14155550101": "no-record"}),
    "listmonk": ("uuid,email,name,attributes,status,created_at,updated_at\n"
                 'u1,jane@example.com,Jane,"{""city"":""Rome""}",blocklisted,'
                 "2023-11-14T22:13:20Z,2023-11-14T22:13:20Z\n"
                 "u2,ann@example.com,Ann,{},enabled,2023-11-14T22:13:20Z,2023-11-14T22:13:20Z\n",
                 {JANE: "opt-out", ANN: "no-record"}),
}

for product, (export, expected_reasons) in PRODUCTS.items():
    @case(f"import: an export of {product} is recognised and taken in, once")
    def _(d, product=product, export=export, expected=expected_reasons):
        word = product.split()[0]
        write(d / "export", export)
        r = exits(optout("--json", "import", d / "export", data=d / "data"))
        events = sum(reason != "no-record" for reason in expected.values())
        equal((r.json[0]["product"], r.json[0]["recorded"], r.json[0]["unreadable"]),
              (word, events, 0))
        contains(r.err, f"an export of {word}")
        told = optout("check", *expected, data=d / "data")
        equal([line.split("\t")[2] for line in told.lines], list(expected.values()))
        again = exits(optout("--json", "import", "-", input=export, data=d / "data"))
        equal(again.json[0]["recorded"], 0, "from stdin, again")
        for who in (w for w, reason in expected.items() if reason != "no-record"):
            at = optout("--json", "why", who, data=d / "data").json[1]["at"]
            matches(r"^(2023-11-1[45]|2015-09-30)T", at)


@case("import: --from names the product; one that does not fit is refused")
def _(d):
    write(d / "l", "email\njane@example.com\n")
    exits(optout("import", "--from", "mailchimp", d / "l", data=d / "data"), 2)
    exits(optout("import", "--from", "plain", d / "l", data=d / "data"))


@case("import: a list's own scopes and kinds are kept, -s overrides the scope")
def _(d):
    write(d / "l", "address,scope,kind,since,source\n"
                   "jane@example.com,email:acme/news,out,2023-11-14T22:13:20Z,cli\n"
                   "ann@example.com,nonsense,out,2023-11-14T22:13:20Z,cli\n")
    r = exits(optout("import", d / "l", data=d / "a"))
    contains(r.err, "recorded 1")
    contains(r.err, "line 3")
    equal(optout("--json", "why", JANE, data=d / "a").json[1]["scope"], "email:acme/news")
    exits(optout("import", "-s", "*", d / "l", data=d / "b"))
    equal(optout("--json", "why", ANN, data=d / "b").json[1]["scope"], "*:*/*")


@case("import: bad rows are told with their line and counted, the others taken in")
def _(d):
    write(d / "l", "email,n\njane@example.com,1\nnonsense,2\n,3\nann@example.com,4\n")
    r = exits(optout("import", d / "l", data=d / "data"))
    contains(r.err, "line 3:")
    contains(r.err, "recorded 2")
    equal(optout("check", JANE, ANN, data=d / "data").code, 1)


@case("import: gzip, zstd and digest lists are taken in")
def _(d):
    sha = hashlib.sha1(ANN.encode()).hexdigest()
    write(d / "l.gz", gzip.compress(b"jane@example.com\n"))
    write(d / "digests", f"{sha}\n")
    exits(optout("import", d / "l.gz", data=d / "data"))
    exits(optout("import", "--digest", "sha1", d / "digests", data=d / "data"))
    equal([line.split("\t")[2] for line in optout("check", JANE, ANN, data=d / "data").lines],
          ["opt-out", "opt-out"])
    zstd = subprocess.run(["zstd", "-c"], input=b"bob@example.com\n", capture_output=True,
                          check=True).stdout
    exits(optout("import", "-", input=zstd, data=d / "data"))
    exits(optout("check", "bob@example.com", data=d / "data"), 1)


run()
