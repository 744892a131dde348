#!/usr/bin/env python3
"""optout ads decode: one line of JSON for each privacy string, and every labelled case right.

The cases of test/vectors/ads say each field as the IAB's own libraries decode it.
"""

import gzip
import json
from pathlib import Path

from tap import ROOT, case, contains, equal, exits, optout, run, true

VECTORS = Path(ROOT) / "test" / "vectors" / "ads"


def cases(name):
    with gzip.open(VECTORS / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def decode(strings, code=0, options=()):
    text = "".join(s + "\n" for s in strings)
    result = exits(optout("ads", "decode", *options, input=text), code)
    equal(len(result.lines), len(strings), "lines out for lines in")
    return result.json


def decode_one(string, code=0):
    return decode([string], code)[0]


def ids(flags):
    return [number for number, flag in enumerate(flags, 1) if flag]


@case("GPP: every field of every section as the IAB's library reads it")
def _(data):
    rows = cases("gpp")
    for row, got in zip(rows, decode([r["gpp"] for r in rows])):
        equal(got["error"], None, row["id"])
        equal(got["kind"], "gpp", row["id"])
        equal(got["sections"], row["sectionIds"], row["id"])
        equal(list(got["fields"]), list(row["expect"]), row["id"])
        for section, fields in row["expect"].items():
            equal(got["fields"][section], fields, f"{row['id']} {section}")


# The labels of tcf.jsonl name ids; the program prints these fields as the flags that they are.
FLAGS = {"specialFeatureOptins", "purposeConsents", "purposeLegitimateInterests",
         "publisherConsents", "publisherLegitimateInterests", "publisherCustomConsents",
         "publisherCustomLegitimateInterests"}


@case("TCF: every field of every segment, whatever the padding")
def _(data):
    rows = cases("tcf")
    for row, got in zip(rows, decode([r["tc"] for r in rows])):
        equal(got["error"], None, row["id"])
        equal((got["kind"], got["sections"]), ("tcf", [2]), row["id"])
        fields = got["fields"]["tcfeuv2"]
        for name, expected in row["expect"].items():
            value = fields[name[0].upper() + name[1:]]
            equal(ids(value) if name in FLAGS else value, expected, f"{row['id']} {name}")


@case("US Privacy: the 27 valid strings, and what is none")
def _(data):
    rows = [r for r in cases("usp") if "\n" not in r["us_privacy"]]
    for row, got in zip(rows, decode([r["us_privacy"] for r in rows])):
        expected = row["expect"]
        equal(got["error"] is None, expected["valid"], row["id"])
        if expected["valid"]:
            equal(got["fields"]["uspv1"],
                  {"Version": 1, "Notice": expected["notice"], "OptOutSale": expected["optOutSale"],
                   "LspaCovered": expected["lspa"]}, row["id"])
            equal(got["opt_out"]["sale"], expected["optedOut"], row["id"])


@case("the national section as each published encoder wrote it")
def _(data):
    rows = cases("wild_usnat")
    for row, got in zip(rows, decode([r["gpp"] for r in rows])):
        equal(got["error"], None, row["id"])
        for name, value in row["truth"].items():
            equal(got["fields"]["usnat"][name], value, f"{row['id']} {row['encoder']} {name}")


@case("the refusals in US sections")
def _(data):
    # A label is about the one section that applies.
    for sid in sorted({row["sid"] for row in cases("us_decision")}):
        rows = [row for row in cases("us_decision") if row["sid"] == sid]
        got = decode([r["gpp"] for r in rows], options=("--sid", sid))
        for row, answer in zip(rows, got):
            equal(answer["opt_out"], row["optOut"], row["id"])
            equal(answer["error"], None, row["id"])


@case("of several sections the strictest counts, those that do not apply are left aside")
def _(data):
    string = "DBACLFg~CBRUAAAAAABg.QA~BVZAAASA"
    whole, one = (decode([string], options=o)[0]["opt_out"] for o in ((), ("--sid", "18")))
    equal((whole["sale"], whole["sharing"]), (True, True))
    equal((one["sale"], one["sharing"]), (False, None))
    exits(optout("ads", "decode", "--sid", "x", string), 2)


@case("the line of the manual")
def _(data):
    got = decode_one("DBABLA~CVQqAAAAAACA.YA")
    equal(list(got), ["kind", "sections", "fields", "opt_out", "error"])
    equal(got["opt_out"], {"sale": False, "sharing": False, "targeted": False, "gpc": True})


@case("a broken string: the refusal is honoured and the fault is said")
def _(data):
    for string, right, said in [
            ("DBABTA~1YYN~x", "sale", "more sections than the header names"),
            ("DBABLA~YA", "gpc", "the core sub-section is missing"),
            ("DBABRgA~bSFgmiU", "targeted", "usva: the version is unknown"),
            ("DBABLA~BVVVV", "sale", "usnat: cut short"),
            ("DBABLA~BVVVV!AAAA", "sale", "not a base64url character"),
            ("1YYX", "sale", "neither Y nor N nor -"),
            ("1NYNN", "sale", "longer than four characters")]:
        got = decode_one(string, 2)
        equal(got["opt_out"][right], True, string)
        contains(got["error"], said)


@case("nothing readable is no permission: null, never false")
def _(data):
    for string in ["", "hello", "2YYN", "1yyn", "1YX", "DBABLA", "DBABLA~", "C", "DBAB", "D"]:
        got = decode_one(string, 2)
        equal([got["opt_out"][r] for r in ("sale", "sharing", "targeted")], [None] * 3, string)
        true(got["error"], f"{string!r} has an error")


@case("one bad line does not stop the others, and is told by its number")
def _(data):
    result = exits(optout("ads", "decode", input="1YYN\nbad\n\n1YNN"))
    equal([r["kind"] for r in result.json], ["usp", None, None, "usp"])
    contains(result.err, "line 2: neither a GPP, nor a TCF, nor a US Privacy string (byte 1)")
    contains(result.err, "line 3: the string is empty")


@case("strings as operands; a line longer than any string; no line at all")
def _(data):
    equal([r["kind"] for r in exits(optout("ads", "decode", "1---", "DBAA")).json], ["usp", "gpp"])
    contains(decode_one("C" * 100_000, 2)["error"], "too long")
    equal(exits(optout("ads", "decode", input="")).out, "")


@case("a short string that claims everything prints a bounded line")
def _(data):
    # 4,095 restrictions, each of the vendors 1 to 65535.
    core = format(2, "06b") + "0" * 207 + ("0" * 17) * 2 + "1" * 12
    bits = core + ("00000100" + format(1, "012b") + "1" + format(1, "016b") + "1" * 16) * 4095
    bits += "0" * (-len(bits) % 6)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = "".join(alphabet[int(bits[i:i + 6], 2)] for i in range(0, len(bits), 6))
    result = exits(optout("ads", "decode", input=text), 2)
    contains(result.json[0]["error"], "more than 1048576 vendor ids")
    true(len(result.out) < 10_000_000, "the line is bounded")


@case("bad usage")
def _(data):
    for args in [["ads"], ["ads", "encode"], ["ads", "--nonsense"]]:
        exits(optout(*args), 2)
    exits(optout("ads", "--help"))


run()
