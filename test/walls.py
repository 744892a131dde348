#!/usr/bin/env python3
"""test/walls.py: the walls between the rooms, read from the #include lines. Prints TAP.

1. A room includes lower rooms only. Rooms of one level do not know each other, and some lower
   rooms are closed to some higher ones (CLOSED).
2. From outside a room only its face is included: room/room.h; in base/ every header is a face.
3. A third-party library is touched in one file, its door; OpenSSL in base/ alone.
4. include/optout.h stands alone: standard headers only.

The rules are functions of a table {path: text}, so that each is also shown a tree that breaks it.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
TREES = ("base", "include", "src", "lib", "cmd")

LEVELS = [
    ["base"],
    ["address"],
    ["event"],
    ["config", "law", "adapter/*", "proof"],
    ["ledger", "log"],
    ["lookup"],
    ["verdict"],
    ["authority"],
    ["relay", "report"],
    ["wire"],
    ["cmd", "lib"],
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# Lower, and yet closed: the ledger knows nothing of law, the lookup can be thrown away and
# rebuilt from events alone, and the verdict reads the lookup.
CLOSED = {
    "ledger": {"lookup", "law", "adapter/*"},
    "lookup": {"ledger", "config", "law", "adapter/*"},
    "verdict": {"ledger", "adapter/*"},
}

LIBRARIES = ("sqlite3.h", "sodium.h", "utf8proc.h", "idn2.h", "zlib.h", "zstd.h", "microhttpd.h",
             "jansson.h", "openssl/", "gmime/")
MANY_DOORS = {"openssl/": "base/"}

C_HEADERS = set("""assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp
    signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath
    threads time uchar wchar wctype""".split())
SYSTEM_HEADERS = C_HEADERS | set("""dirent dlfcn emmintrin endian err fcntl fnmatch ftw getopt
    glob grp ifaddrs immintrin langinfo libgen libintl netdb poll pthread pwd regex sched semaphore
    spawn strings sysexits syslog termios unistd x86intrin""".split())
SYSTEM_FOLDERS = ("arpa/", "linux/", "net/", "netinet/", "sys/")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')


def room_of(path):
    """The room that a file of the tree, or an included name, lies in; None: in no room."""
    parts = PurePosixPath(path.removeprefix("src/")).parts
    if parts[0] == "adapter" and len(parts) > 2:
        return f"adapter/{parts[1]}"
    return parts[0] if parts[0] in LEVEL and len(parts) > 1 else None


def kind(room):
    """What the tables call a room."""
    return "adapter/*" if room.startswith("adapter/") else room


def includes(files):
    """Every include line as (path, line number, quote, name)."""
    for path, text in sorted(files.items()):
        for number, line in enumerate(text.splitlines(), 1):
            found = INCLUDE.match(line)
            if found:
                yield path, number, found[1], found[2]


def own_includes(files):
    """The include lines between two rooms of ours, as (place, room, included name, its room)."""
    for path, number, quote, name in includes(files):
        room = room_of(path)
        if quote == '"' and "/" in name and room:
            yield f"{path}:{number}", room, name, room_of(name)


def order_faults(files):
    for place, room, name, target in own_includes(files):
        if target is None:
            yield f"{place}: {name} is in no known room"
        elif target == room:
            continue
        elif LEVEL[kind(target)] >= LEVEL[kind(room)]:
            yield f"{place}: {room} includes {name}, which is not below it"
        elif kind(target) in CLOSED.get(kind(room), ()):
            yield f"{place}: {name} is closed to {room}"


def homeless_faults(files):
    for path in sorted(files):
        if room_of(path) is None and not path.startswith("include/"):
            yield f"{path}:1: lies in no known room"


def face_faults(files):
    for place, room, name, target in own_includes(files):
        path = PurePosixPath(name)
        if target in (None, room, "base"):
            continue
        if path.stem != path.parent.name or path.suffix != ".h":
            yield f"{place}: {name} is not the face of {target}"


def library_of(name):
    return next((l for l in LIBRARIES if name == l or (l[-1] == "/" and name.startswith(l))), None)


def is_system(name):
    return name.removesuffix(".h") in SYSTEM_HEADERS or name.startswith(SYSTEM_FOLDERS)


def door_faults(files):
    doors = defaultdict(dict)
    for path, number, quote, name in includes(files):
        library = library_of(name)
        if library:
            doors[library].setdefault(path, f"{path}:{number}")
        elif quote == "<" and not is_system(name) and name != "optout.h":
            yield f"{path}:{number}: <{name}> is neither of the system nor a known library"
    for library, places in doors.items():
        home = MANY_DOORS.get(library)
        if home:
            for path, place in places.items():
                if not path.startswith(home):
                    yield f"{place}: {library} belongs to {home} alone"
        elif len(places) > 1:
            yield f"{library} has more than one door: {', '.join(places.values())}"


def public_faults(files):
    for path, number, _, name in includes(files):
        if path.startswith("include/") and name.removesuffix(".h") not in C_HEADERS:
            yield f"{path}:{number}: {name} is not a standard header"
        elif name == "optout.h" and room_of(path) not in ("lib", "cmd"):
            yield f"{path}:{number}: the public header is for lib and cmd"


RULES = [
    ("a room includes lower rooms only", order_faults),
    ("every source file lies in a known room", homeless_faults),
    ("from outside a room only its face is included", face_faults),
    ("a third-party library is touched in one file", door_faults),
    ("include/optout.h includes standard headers only", public_faults),
]

# (path, include line, rule, is it a fault?): the rules must find what they are for, and only that.
PROOFS = [
    ("src/event/event.c", '"ledger/ledger.h"', order_faults, True),
    ("src/ledger/ledger.c", '"event/event.h"', order_faults, False),
    ("base/span.c", '"address/address.h"', order_faults, True),
    ("src/adapter/list/list.c", '"adapter/arf/arf.h"', order_faults, True),
    ("src/adapter/list/list.c", '"event/event.h"', order_faults, False),
    ("src/law/law.c", '"config/config.h"', order_faults, True),
    ("src/lookup/lookup.c", '"ledger/ledger.h"', order_faults, True),
    ("src/lookup/lookup.c", '"law/law.h"', order_faults, True),
    ("src/ledger/ledger.c", '"law/law.h"', order_faults, True),
    ("lib/optout.c", '"cmd/args.h"', order_faults, True),
    ("cmd/main.c", '"wire/wire.h"', order_faults, False),
    ("cmd/main.c", '"../src/ledger/engine.h"', order_faults, True),
    ("src/stray/stray.c", "<stdio.h>", homeless_faults, True),
    ("src/verdict/verdict.c", '"lookup/state.h"', face_faults, True),
    ("src/verdict/verdict.c", '"lookup/lookup.h"', face_faults, False),
    ("src/lookup/lookup.c", '"lookup/state.h"', face_faults, False),
    ("src/wire/wire.c", "<openssl/evp.h>", door_faults, True),
    ("base/hash.c", "<openssl/evp.h>", door_faults, False),
    ("base/text.c", "<unheard/of.h>", door_faults, True),
    ("include/optout.h", '"base/span.h"', public_faults, True),
    ("include/optout.h", "<stdint.h>", public_faults, False),
    ("src/wire/wire.c", "<optout.h>", public_faults, True),
]


def check_proof(path, include, rule, bad):
    found = list(rule({path: f"#include {include}\n"}))
    if bool(found) == bad:
        return []
    return [f"{rule.__name__} {'missed' if bad else 'refused'} {include} in {path}", *found]


def check_two_doors():
    line = "#include <sqlite3.h>\n"
    found = list(door_faults({"src/ledger/a.c": line, "src/ledger/b.c": line}))
    return [] if len(found) == 1 else ["a second door of sqlite3.h was not noticed"]


def read_tree():
    return {path.relative_to(ROOT).as_posix(): path.read_text(errors="replace")
            for tree in TREES for path in (ROOT / tree).rglob("*.[ch]")}


def main():
    files = read_tree()
    cases = [(title, list(rule(files))) for title, rule in RULES]
    cases.append(("there is something to read", [] if files else ["no source file found"]))
    for path, include, rule, bad in PROOFS:
        verb = "is refused" if bad else "is fine"
        cases.append((f"proof: {include} in {path} {verb}",
                      check_proof(path, include, rule, bad)))
    cases.append(("proof: a second door of a library is refused", check_two_doors()))

    print(f"1..{len(cases)}")
    for number, (title, faults) in enumerate(cases, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {title}")
        for fault in faults:
            print(f"# {fault}")
    return any(faults for _, faults in cases)


if __name__ == "__main__":
    sys.exit(main())
