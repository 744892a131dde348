#!/usr/bin/env python3
"""spec/reader.py: an independent reader of a data directory, written from spec/ledger.md and
spec/log.md alone, with nothing but Python's own library. It is their second reading: where it and
the program differ, one of the three is wrong.

    spec/reader.py [--data DIR]                          ok N events, root ...
    spec/reader.py [--data DIR] --check ADDRESS [--scope SCOPE]

It only reads, and wants a directory that nobody writes to meanwhile. Everything is checked:
numbering, checksums, chains of identities, sealed texts, ids, commitments, and the log with its
levels, state and signed checkpoint. With --check it then answers by its own fold over the events:
a line of verdict, address and reason, as `optout check` prints it. ADDRESS is in its printed form
(`jane@example.com`, `+14155550100`, `md5:` and hex); optout.conf is not looked at.

Exit status: 0 all is well (and the verdict is allow), 1 something is wrong (or the verdict is
deny), 2 bad usage.
"""

import argparse
import base64
import hashlib
import hmac
import os
import re
import sqlite3
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

LAYOUT = 1
NORMALISATION = 1
ID_BYTES = 12
TILE = 256
LEVELS = 8
KINDS = {1: "out", 2: "in", 3: "complaint", 4: "dead", 5: "hold", 6: "forget"}
FAMILIES = {"sha256": 1, "md5": 2, "sha1": 4, "sha512": 8}

# The reasons that kinds of event give for a denial; and all reasons, the mildest first.
DENIALS = {"hold": "hold", "dead": "dead-address", "complaint": "complaint", "out": "opt-out"}
STRICTNESS = ["no-record", "opt-in", *DENIALS.values()]


class Wrong(Exception):
    """What does not agree with the specification."""


def need(condition, what):
    if not condition:
        raise Wrong(what)


# ---- CRC-32C

def crc_of_byte(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC_TABLE = [crc_of_byte(byte) for byte in range(256)]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


# ---- SipHash-2-4 with 128 bits of output

M64 = 2**64 - 1


def rotate64(x, n):
    return (x << n | x >> (64 - n)) & M64


def sip_rounds(v, count):
    v0, v1, v2, v3 = v
    for _ in range(count):
        v0 = (v0 + v1) & M64
        v1 = rotate64(v1, 13) ^ v0
        v0 = rotate64(v0, 32)
        v2 = (v2 + v3) & M64
        v3 = rotate64(v3, 16) ^ v2
        v0 = (v0 + v3) & M64
        v3 = rotate64(v3, 21) ^ v0
        v2 = (v2 + v1) & M64
        v1 = rotate64(v1, 17) ^ v2
        v2 = rotate64(v2, 32)
    return [v0, v1, v2, v3]


def siphash128(key, data):
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE,
         k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    tail = len(data) % 8
    data += bytes(7 - tail) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", data):
        v[3] ^= word
        v = sip_rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xEE
    v = sip_rounds(v, 4)
    low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    v = sip_rounds(v, 4)
    return struct.pack("<QQ", low, v[0] ^ v[1] ^ v[2] ^ v[3])


# ---- XChaCha20-Poly1305 (RFC 8439, draft-irtf-cfrg-xchacha)

M32 = 2**32 - 1
CHACHA_CONSTANTS = struct.unpack("<4L", b"expand 32-byte k")
QUARTERS = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
            (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def rotate32(x, n):
    return (x << n | x >> (32 - n)) & M32


def quarter_round(s, a, b, c, d):
    for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & M32
        s[z] = rotate32(s[z] ^ s[x], n)


def chacha_rounds(key, last16):
    """The state before and after 20 rounds."""
    start = [*CHACHA_CONSTANTS, *struct.unpack("<8L", key), *struct.unpack("<4L", last16)]
    state = list(start)
    for _ in range(10):
        for quarter in QUARTERS:
            quarter_round(state, *quarter)
    return start, state


def chacha_block(key, counter, nonce):
    start, state = chacha_rounds(key, struct.pack("<L", counter) + nonce)
    return struct.pack("<16L", *((a + b) & M32 for a, b in zip(start, state)))


def hchacha(key, nonce):
    state = chacha_rounds(key, nonce)[1]
    return struct.pack("<8L", *state[:4], *state[12:])


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total += int.from_bytes(data[at:at + 16] + b"\1", "little")
        total = total * r % (2**130 - 5)
    total += int.from_bytes(key[16:], "little")
    return (total & 2**128 - 1).to_bytes(16, "little")


def pad16(data):
    return data + bytes(-len(data) % 16)


def open_sealed(key, context, sealed):
    """The text in nonce (24), ciphertext and tag (16), or None."""
    nonce, cipher, tag = sealed[:24], sealed[24:-16], sealed[-16:]
    if len(sealed) < 40:
        return None
    subkey, nonce = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    lengths = struct.pack("<QQ", len(context), len(cipher))
    expected = poly1305(chacha_block(subkey, 0, nonce)[:32],
                        pad16(context) + pad16(cipher) + lengths)
    if not hmac.compare_digest(expected, tag):
        return None
    stream = b"".join(chacha_block(subkey, 1 + n, nonce) for n in range(-(-len(cipher) // 64)))
    return bytes(a ^ b for a, b in zip(cipher, stream))


# ---- Ed25519 (RFC 8032, section 5.1)

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def point_add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_multiply(n, p):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = point_add(result, p)
        p, n = point_add(p, p), n >> 1
    return result


def point_decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def point_encode(p):
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519_public(seed):
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return point_encode(point_multiply(scalar & 2**254 - 8 | 2**254, BASE))


def ed25519_verify(public, text, signature):
    a, r, s = point_decode(public), signature[:32], int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(r + public + text).digest(), "little") % ORDER
    negative = (P - a[0], a[1], a[2], P - a[3])
    return point_encode(point_add(point_multiply(s, BASE), point_multiply(k, negative))) == r


# ---- the key file

class Key:
    """The master key, and those that are derived from it."""

    def __init__(self, path):
        match = re.fullmatch(r"optout-key-v1\n([0-9a-fA-F]{64})\s*", path.read_text())
        need(match, "the key file is not two lines, optout-key-v1 and 64 hex digits")
        self.master = bytes.fromhex(match[1])
        self.seal = self.derive("optout seal")
        self.check = self.derive("optout key check")[:16]
        self.families = {f: self.derive(f"optout id {f}")[:16] for f in FAMILIES}

    def derive(self, label):
        return hmac.digest(self.master, label.encode(), "sha256")

    def id_of_digest(self, family, digest):
        found = siphash128(self.families[family], digest)[:ID_BYTES]
        return found if any(found) else b"\1" + bytes(ID_BYTES - 1)

    def ids_of_text(self, family, texts):
        return [self.id_of_digest(family, hashlib.new(family, t.encode()).digest()) for t in texts]


# ---- addresses, in their printed form

# Countries that write a mobile with and without one more digit: the digit, where it stands behind
# the plus, and what a number looks like without it.
EXTRA_DIGITS = [("1", 2, r"52[2-9]\d{9}"), ("9", 2, r"54[1-3]\d{9}"),
                ("9", 4, r"55[1-9][1-9][6-9]\d{7}")]


def equivalents(phone):
    """The phone number's forms, itself first."""
    digits = phone[1:]
    for extra, at, without in EXTRA_DIGITS:
        if re.fullmatch(without, digits):
            return [phone, "+" + digits[:at] + extra + digits[at:]]
        shorter = digits[:at] + digits[at + 1:]
        if digits[at:at + 1] == extra and re.fullmatch(without, shorter):
            return [phone, "+" + shorter]
    return [phone]


class Address:
    """An address or digest: its own ids under a key, and the channel that it is reached by."""

    def __init__(self, text):
        scheme, _, rest = text.partition(":")
        self.text, self.family, self.digest, self.channel = text, None, b"", None
        if scheme in FAMILIES:
            self.family, self.digest = scheme, bytes.fromhex(rest)
            need(len(self.digest) == hashlib.new(scheme).digest_size, "a digest is cut short")
            return
        self.forms = equivalents(text) if text.startswith("+") else [text]
        self.channel = "sms" if text.startswith("+") else "email"
        if scheme in ("device", "cookie"):
            self.channel = "ads"
            self.forms = [rest if scheme == "device" else text]

    def ids(self, key, families):
        """Its own id first, then those of its other forms and of the other families."""
        if self.family:
            return [key.id_of_digest(self.family, self.digest)]
        return [i for f, bit in FAMILIES.items() if families & bit
                for i in key.ids_of_text(f, self.forms)]


# ---- the database

@dataclass
class Event:
    seq: int
    prev: int
    id: bytes
    kind: str
    scope: str
    proven: int
    at_us: int
    recorded_us: int
    source: str
    commitment: bytes
    others: list
    salt: bytes | None
    aliases: list
    who: str | None = None
    proof: bytes | None = None
    ids: list = field(default_factory=list)  # all by which it is found


def number(n):
    return struct.pack("<q", n)


def text(t):
    raw = t.encode() if isinstance(t, str) else t or b""
    return number(len(raw)) + raw


def pieces(raw, size):
    need(len(raw or b"") % size == 0, f"a list of {size} bytes each is {len(raw or b'')} long")
    return [raw[at:at + size] for at in range(0, len(raw or b""), size)]


def open_database(path):
    """Makes no files beside it, as SQLite does for readers, unless writers have left theirs."""
    wal = path.with_name(path.name + "-wal")
    mode = "mode=ro" if wal.exists() and wal.stat().st_size else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)


class Ledger:
    """The opened and checked content of ledger.db."""

    def __init__(self, folder, key):
        self.key = key
        self.db = open_database(folder / "ledger.db")
        need(self.value("PRAGMA user_version") == LAYOUT, f"the layout is not {LAYOUT}")
        need(self.value("PRAGMA integrity_check(1)") == "ok", "SQLite finds its file damaged")
        self.facts = self.read_facts()
        self.name = self.fact("name")
        self.families = int(self.fact("families"))
        need(len(self.name) == 16, "the ledger's name is not 16 bytes")
        need(self.fact("key-check") == key.check, "the key file belongs to another ledger")
        need(self.fact("normalisation") == b"%d" % NORMALISATION, "another normalisation")
        need(self.families & FAMILIES["sha256"], "the families lack SHA-256")
        self.events = [self.read_event(row) for row in self.rows()]
        self.check_chains()

    def value(self, sql):
        return self.db.execute(sql).fetchone()[0]

    def read_facts(self):
        facts = {}
        for kind, name, value, crc in self.db.execute("SELECT kind, name, value, crc FROM fact"):
            need(crc32c(text(kind) + text(name) + text(value)) == crc,
                 f"a fact ({kind}) does not match its checksum")
            facts[kind, name.decode()] = value
        return facts

    def fact(self, name):
        need(("ledger", name) in self.facts, f"the ledger has no fact {name}")
        return self.facts["ledger", name]

    def rows(self):
        return self.db.execute(
            "SELECT e.seq, prev, id, kind, s.text, proven, at_us, recorded_us, o.text, commitment,"
            " others, salt, aliases, crc, who, proof FROM event e"
            " LEFT JOIN scope s ON s.number = e.scope LEFT JOIN source o ON o.number = e.source"
            " ORDER BY e.seq")

    def read_event(self, row):
        seq, prev, own, kind, scope, proven, at, recorded, source, commitment, others, salt, \
            aliases, crc, who, proof = row
        content = (number(seq) + number(prev) + own + number(kind) + number(proven) + text(scope)
                   + number(at) + number(recorded)
                   + b"".join(map(text, (source, commitment, others, salt, who, proof, aliases))))
        need(crc32c(content) == crc, f"event {seq} does not match its checksum")
        need(kind in KINDS and len(own) == ID_BYTES and len(commitment) == 32, f"event {seq}: form")
        event = Event(seq, prev, own, KINDS[kind], scope, proven, at, recorded, source, commitment,
                      [struct.unpack("<Q", o)[0] for o in pieces(others, 8)], salt,
                      pieces(aliases, ID_BYTES))
        self.open_event(event, who, proof)
        return event

    def open_event(self, event, who, proof):
        """Opens what is sealed and checks id and commitment; of an erased event nothing is left."""
        if event.salt is None:
            need(who is None and proof is None, f"event {event.seq} is erased by half")
            return
        need(event.kind != "forget", f"event {event.seq}: a forget event keeps nothing")
        event.who = self.unseal(event, b"w", who).decode()
        event.proof = self.unseal(event, b"p", proof) if proof else None
        need(Address(event.who).ids(self.key, FAMILIES["sha256"])[0] == event.id,
             f"event {event.seq} is kept under the id of somebody else")
        need(hmac.digest(event.salt, canonical_text(event), "sha256") == event.commitment,
             f"event {event.seq} is not what was committed to")

    def unseal(self, event, role, sealed):
        opened = open_sealed(self.key.seal, role + event.id, sealed or b"")
        need(opened is not None, f"event {event.seq}: a sealed text does not open")
        return opened

    def ids_of(self, event):
        derived = Address(event.who).ids(self.key, self.families) if event.who else []
        return list(dict.fromkeys([event.id, *event.aliases, *derived]))

    def check_chains(self):
        """Every event names the last one before it of each of its ids; no number is left out."""
        last = {}
        for expected, event in enumerate(self.events, 1):
            need(event.seq == expected, f"event {expected} is missing")
            event.ids = self.ids_of(event)
            before = sorted({last.get(i, 0) for i in event.ids} - {0}, reverse=True)
            need([event.prev, *sorted(event.others, reverse=True)] == (before or [0]),
                 f"event {event.seq} does not go on from what was known of its identity")
            last.update(dict.fromkeys(event.ids, event.seq))


def canonical_text(event):
    proof = hashlib.sha256(event.proof).hexdigest() if event.proof else "-"
    lines = ["optout/event/v1", event.kind, event.scope, event.who, event.source, proof,
             event.at_us, event.recorded_us, NORMALISATION]
    return "".join(f"{line}\n" for line in lines).encode()


# ---- the log

def sha256(data):
    return hashlib.sha256(data).digest()


def to_base64(raw):
    return base64.b64encode(raw).decode()


def from_base64(line):
    raw = base64.b64decode(line, validate=True)
    need(to_base64(raw) == line, "base64 that is not canonical")
    return raw


def leaf_text(event):
    seconds = event.recorded_us // 1_000_000
    return f"optout/leaf/v1\nrec\n{seconds}\n{to_base64(event.commitment)}\n".encode()


def node(left, right):
    return sha256(b"\1" + left + right)


def tree_root(hashes):
    """The root by the definition of RFC 6962, section 2.1."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else sha256(b"")
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return node(tree_root(hashes[:half]), tree_root(hashes[half:]))


class Log:
    """DIR/log, against the leaves that the ledger gives."""

    def __init__(self, folder, key, ledger):
        self.folder, self.key, self.ledger = folder / "log", key, ledger
        self.epoch = int(ledger.facts.get(("ledger", "log-epoch"), b"1"))
        self.origin = f"optout/{ledger.name[:8].hex()}"
        if self.epoch > 1:
            self.origin += f"/log{self.epoch}"
        first = ledger.facts.get(("ledger", "log-first"))
        self.leaves = []
        if first:
            self.check_first(first.decode(), folder)
            self.leaves = [sha256(b"\0" + leaf)
                           for leaf in (first, *map(leaf_text, ledger.events))]
        if (self.folder / "state").exists():
            self.check_folder()

    def check_first(self, leaf, folder):
        """Leaf 0 commits to the last checkpoint of the log before it, or to nothing."""
        magic, kind, seconds, commitment, rest = leaf.split("\n")
        need((magic, kind, rest) == ("optout/leaf/v1", "log", ""), "leaf 0 is not one of a log")
        need(seconds.isdecimal(), "leaf 0 has no time")
        before = folder / f"log.{self.epoch - 1}" / "checkpoint"
        if self.epoch == 1 or before.exists():
            note = before.read_bytes() if self.epoch > 1 else b""
            need(from_base64(commitment) == sha256(note), "leaf 0 goes on from something else")

    def check_folder(self):
        state = (self.folder / "state").read_text()
        size = self.check_tree(state)
        need(state.count("\n") == 3, "the state is not three lines")
        self.check_levels(size)
        path = self.folder / "checkpoint"
        if path.exists():
            body, _, signatures = path.read_text().partition("\n\n")
            need(self.check_tree(body + "\n") <= size, "the checkpoint is ahead of the state")
            self.check_signature(body + "\n", signatures)

    def check_tree(self, body):
        """Origin, size and root are those of our leaves. Returns the size."""
        origin, size, root, *_ = body.split("\n")
        need(origin == self.origin, f"{origin} is not the origin of this ledger's log")
        need(int(size) <= len(self.leaves), "the log has more leaves than the ledger has events")
        need(from_base64(root) == tree_root(self.leaves[:int(size)]),
             f"the events do not give the root that was stated over {size} leaves")
        return int(size)

    def check_levels(self, size):
        hashes = self.leaves[:size]
        for level in range(LEVELS):
            stored = (self.folder / f"level{level}").read_bytes()
            need(stored[:32 * len(hashes)] == b"".join(hashes),
                 f"level{level} is not that of the leaves")
            hashes = [tree_root(hashes[at:at + TILE])
                      for at in range(0, len(hashes) - TILE + 1, TILE)]

    def check_signature(self, body, signatures):
        public = ed25519_public(self.key.derive(f"optout sign 1 {self.origin}"))
        key_id = sha256(self.origin.encode() + b"\n\1" + public)[:4]
        for line in signatures.splitlines():
            dash, name, signature = line.split(" ")
            raw = from_base64(signature)
            if dash == "\u2014" and name == self.origin and raw[:4] == key_id:
                need(ed25519_verify(public, body.encode(), raw[4:]), "a signature is false")
                return
        raise Wrong("the checkpoint is not signed by this ledger's key")


# ---- the verdict

def contains(outer, inner):
    """Each part of the scope is equal, or `*` in the outer one."""
    return all(a in ("*", b) for a, b in zip(re.split("[:/]", outer), re.split("[:/]", inner)))


def fold(events):
    """The reason that the covering events of one id give, looked at from the latest back."""
    reason, alive = "no-record", False
    for event in reversed(events):
        if event.kind == "in":
            reason, alive = "opt-in", True
            if event.proven:
                return reason
        elif event.kind in DENIALS and not (event.kind == "dead" and alive):
            return DENIALS[event.kind]
    return reason


def answer(ledger, address, scope):
    """The strictest reason over the address's ids; over its possible channels, when nobody says."""
    channels = [address.channel] if address.channel else ["email", "sms", "ads"]
    scopes = [scope] if scope else [f"{channel}:*/*" for channel in channels]
    own = address.ids(ledger.key, ledger.families)
    reasons = [fold([e for e in ledger.events if one in e.ids and contains(e.scope, asked)])
               for asked in scopes for one in own]
    return max(reasons, key=STRICTNESS.index)


# ---- the command

def say_all_is_well(ledger, log):
    root = to_base64(tree_root(log.leaves)) if log.leaves else "none: there is no log yet"
    print(f"ok {len(ledger.events)} events, root {root}")
    return 0


def say_verdict(ledger, address, scope):
    reason = answer(ledger, address, scope)
    verdict = "deny" if reason in DENIALS.values() else "allow"
    print(f"{verdict}\t{address.text}\t{reason}")
    return 1 if verdict == "deny" else 0


def parse_options():
    parser = argparse.ArgumentParser(description="reads and checks a data directory of optout")
    parser.add_argument("--data", type=Path,
                        default=Path(os.environ.get("OPTOUT_DATA", "optout-data")), metavar="DIR")
    parser.add_argument("--check", metavar="ADDRESS", help="answer for this address")
    parser.add_argument("--scope", help="ask about this scope, CHANNEL:SENDER/TOPIC")
    options = parser.parse_args()
    if options.scope and not re.fullmatch(r"[^:/]+:[^:/]+/[^:/]+", options.scope):
        parser.error("a scope has the form CHANNEL:SENDER/TOPIC")
    return options


def main():
    options = parse_options()
    try:
        key = Key(options.data / "key")
        ledger = Ledger(options.data, key)
        log = Log(options.data, key, ledger)
        if options.check:
            return say_verdict(ledger, Address(options.check), options.scope)
        return say_all_is_well(ledger, log)
    except (Wrong, OSError, ValueError, struct.error, sqlite3.Error) as e:
        print(f"reader: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
