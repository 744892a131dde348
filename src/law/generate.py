#!/usr/bin/env python3
"""src/law/generate.py RULES.json OUT.inc: the rule table as C initialisers for law.c.

The table is checked strictly: a row with an unknown field, a missing one, a word out of no list, a
date that is none, or an id that is there twice ends the build with every such fault told. What is
checked but not written (duties, regimes, waivers) waits for the rooms that will ask for it.

Dates: `from` and `until` start with YYYY, YYYY-MM or YYYY-MM-DD, what follows a blank or a
semicolon being a remark; a month or day left out is the first. Anything else in `from`, such as a
reference to a section of the notes (6.2), and no `from` at all, mean that the day is not known: the
row counts as in force since 1970. No `until` means that the row is open.
"""
import datetime
import json
import re
import sys

CHANNELS = ("email", "sms", "voice", "push", "post", "ads")
REGIMES = ("opt_in", "opt_out", "soft_opt_in", "registry", "registration", "signal", "must",
           "should")
UNITS = ("h", "cd", "bd", "wd", "mo")
ANCHORS = ("sent", "receipt", "day_after", "download", "list_age", "registration")
TEXT, NULL = str, type(None)

# The fields of a row and the types that they may have.
FIELDS = {
    "id": (TEXT,), "jur": (TEXT,), "channels": (list,), "ch": (TEXT,), "regime": (list,),
    "regime_note": (TEXT, NULL), "exempt": (TEXT, NULL), "deadline": (TEXT, NULL),
    "dl": (dict, NULL), "life_days": (int, NULL), "keep": (TEXT, NULL), "content": (TEXT, NULL),
    "confirm": (TEXT, NULL), "cite": (TEXT,), "from": (TEXT, NULL), "from_note": (TEXT, NULL),
    "until": (TEXT, NULL), "waived_until": (TEXT, NULL), "waived_part": (TEXT, NULL),
    "src": (TEXT,), "conf": (TEXT,), "reviewed_on": (TEXT, NULL),
}
EXTRA_FIELDS = {"from_by_state": (dict,), "note": (TEXT,), "reconfirm": (TEXT,)}
DEADLINE_FIELDS = {"n": (int,), "unit": (TEXT,), "anchor": (TEXT,), "calendar": (TEXT, NULL)}

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(?=[\s;]|$)")
DURATION = re.compile(r"P[1-9][0-9]*[YMD]")
EPOCH = datetime.datetime(1970, 1, 1)


def leading_date(text):
    """The day that `text` starts with, None when it starts with none; ValueError for a day that
    the calendar does not have."""
    found = DATE.match(text or "")
    if not found:
        return None
    year, month, day = (int(part or 1) for part in found.groups())
    return datetime.datetime(year, month, day)


def microseconds(day):
    return (day - EPOCH) // datetime.timedelta(microseconds=1)


def type_faults(row, fields, extra=()):
    allowed = dict(fields, **dict(extra))
    for name in sorted(set(fields) - set(row)):
        yield f"no field '{name}'"
    for name, value in row.items():
        if name not in allowed:
            yield f"unknown field '{name}'"
        elif type(value) not in allowed[name]:
            yield f"'{name}' is a {type(value).__name__}"
        elif isinstance(value, str) and (not value.strip() or not value.isprintable()):
            yield f"'{name}' is blank or has a control character"


def list_faults(name, values, known):
    if not values:
        yield f"'{name}' is empty"
    for value in values:
        if value not in known:
            yield f"'{name}' has {value!r}, which is none of {', '.join(known)}"
    if len({str(value) for value in values}) != len(values):
        yield f"'{name}' has a value twice"


def date_faults(row):
    for name in ("from", "until", "waived_until", "reviewed_on"):
        try:
            day = leading_date(row[name])
            if row[name] and not day and name != "from":
                yield f"'{name}' is no date: {row[name]!r}"
            elif day and day < EPOCH:
                yield f"'{name}' is before 1970"
        except ValueError:
            yield f"'{name}' is a day that no calendar has: {row[name]!r}"


def order_faults(row):
    first, last = leading_date(row["from"]), leading_date(row["until"])
    if last and last <= (first or EPOCH):
        yield "'until' is not behind 'from'"


def deadline_faults(deadline):
    faults = list(type_faults(deadline, DEADLINE_FIELDS))
    yield from (f"in 'dl': {fault}" for fault in faults)
    if not faults:
        yield from list_faults("dl.unit", [deadline["unit"]], UNITS)
        yield from list_faults("dl.anchor", [deadline["anchor"]], ANCHORS)
        if deadline["n"] < 0:
            yield "'dl.n' is below zero"


def row_faults(row):
    faults = list(type_faults(row, FIELDS, EXTRA_FIELDS.items()))
    if faults:
        yield from faults
        return
    if not ID.fullmatch(row["id"]):
        yield "'id' is not of lower-case words with hyphens between"
    yield from list_faults("channels", row["channels"], CHANNELS)
    yield from list_faults("regime", row["regime"], REGIMES)
    yield from list_faults("conf", [row["conf"]], ("H", "M", "L"))
    for name in ("keep", "reconfirm"):
        if row.get(name) and not DURATION.fullmatch(row[name]):
            yield f"'{name}' is no duration as P3Y: {row[name]!r}"
    if row["life_days"] is not None and row["life_days"] < 1:
        yield "'life_days' is below one"
    if row["dl"] is not None:
        yield from deadline_faults(row["dl"])
    date = list(date_faults(row))
    yield from date or order_faults(row)


def table_faults(rows):
    if not isinstance(rows, list) or not rows:
        yield "the table is not a list of rows"
        return
    seen = set()
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            yield f"row {number}: not an object"
            continue
        name = row.get("id")
        yield from (f"row {number} ({name}): {fault}" for fault in row_faults(row))
        if isinstance(name, str) and name in seen:
            yield f"row {number} ({name}): the id is there twice"
        seen.add(str(name))


def c_string(text):
    """A C literal of ASCII: each other byte of the UTF-8 as three octal digits, which no digit
    behind them can lengthen."""
    plain = {ord(c) for c in map(chr, range(0x20, 0x7f))} - {ord('"'), ord("\\"), ord("?")}
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode()) + '"'


def initialiser(row):
    channels = " | ".join(f"1u << CHANNEL_{word.upper()}" for word in row["channels"])
    first, last = leading_date(row["from"]), leading_date(row["until"])
    return "\n".join((
        "    {",
        f"        .id = {c_string(row['id'])},",
        f"        .jurisdiction = {c_string(row['jur'])},",
        f"        .channels = {channels},",
        f"        .cite = {c_string(row['cite'])},",
        f"        .deadline = {c_string(row['deadline'] or '')},",
        f"        .confidence = {c_string(row['conf'])},",
        f"        .from_us = INT64_C({microseconds(first) if first else 0}),",
        "        .until_us = " + (f"INT64_C({microseconds(last)})," if last else "INT64_MAX,"),
        "    },",
    ))


def no_duplicates(pairs):
    """json's own reading would let the last of two fields of one name win."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"field '{name}' is there twice in one object")
    return dict(pairs)


def main(rules_path, out_path):
    try:
        with open(rules_path, encoding="utf-8") as rules:
            rows = json.load(rules, object_pairs_hook=no_duplicates)
    except (OSError, ValueError) as error:
        sys.exit(f"{rules_path}: {error}")
    faults = list(table_faults(rows))
    if faults:
        sys.exit("\n".join(f"{rules_path}: {fault}" for fault in faults))
    with open(out_path, "w", encoding="ascii") as out:
        out.write("/* Generated from rules.json by generate.py; changes belong there. */\n")
        out.writelines(initialiser(row) + "\n" for row in rows)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: generate.py RULES.json OUT.inc")
    main(*sys.argv[1:])
