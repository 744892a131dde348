#!/usr/bin/env python3
"""Random histories against a naive model: the program, the library and the model agree.

A ledger holds the histories of many people, interleaved. A person is a mailbox, a phone (with or
without an equivalent form), a device or a cookie, and is spoken of in plain forms and in digests.
Each round records one statement about some of them, through the program, the library or an import,
sometimes after the lookup files were deleted or somebody was forgotten, and then asks. The model
keeps nothing but the list of statements and follows the contract's words.

A failure names its seed; OPTOUT_SEED=N repeats that ledger alone.
"""

import base64
import hashlib
import os
import random
import time
from dataclasses import dataclass, field

from support.library import WRITE, Library, Refused, preload_sanitizer
from tap import FULL, case, equal, exits, optout, run, true

LEDGERS = 100 if FULL else 10
PEOPLE = 100  # histories in one ledger
ROUNDS = 30 if FULL else 16
SEEDS = [int(os.environ["OPTOUT_SEED"])] if "OPTOUT_SEED" in os.environ else range(LEDGERS)
DELETION_SEEN_S = 0.15  # a process that runs looks at the directory every 0.1 s

FAMILIES = ("sha256", "md5", "sha1", "sha512")
KINDS = ("out", "out", "in", "complaint", "dead", "hold")
CHANNELS = ("email", "sms", "ads", "*")
SENDERS = ("acme", "globex", "*")
TOPICS = ("news", "deals", "*")

CONFIGS = (
    "",
    "consent = opt-in\n[sender acme]\nconsent = opt-out\n",
    "[sender acme]\nconsent = opt-in\nconsent.sms = opt-out\n[topic acme/deals]\n"
    "consent = opt-out\nconsent.email = opt-in\n[sender globex]\nconsent.ads = opt-in\n",
    "keep_addresses = no\nconsent.email = opt-in\n",
)


# ---- the model

@dataclass(frozen=True)
class Scope:
    channel: str
    sender: str
    topic: str

    def __str__(self):
        return f"{self.channel}:{self.sender}/{self.topic}"

    def covers(self, other):
        """A `*` in the question is covered by `*` alone."""
        return all(mine in ("*", its) for mine, its in zip(
            (self.channel, self.sender, self.topic), (other.channel, other.sender, other.topic)))


@dataclass(frozen=True)
class Address:
    """`spellings` are texts that mean it; `ids` all (family, digest) pairs that it goes by."""
    spellings: tuple
    ids: frozenset
    channels: tuple  # asked about when nobody says; a digest could be any
    own: Scope       # recorded for when nobody says


@dataclass
class Event:
    kind: str
    scope: Scope
    proven: bool


# The order in which one answer counts before another, when a person goes by several ids.
STRICTNESS = ("no-record", "opt-in", "service-message", "no-consent", "hold", "dead-address",
              "complaint", "opt-out")
REASON_OF = {"out": "opt-out", "complaint": "complaint", "hold": "hold"}


def strictest(reasons):
    return max(reasons, key=STRICTNESS.index)


@dataclass
class Model:
    consent: int  # which of CONFIGS
    events: dict = field(default_factory=dict)  # id -> [Event], oldest first

    def _covering(self, one_id, scope):
        return [e for e in self.events.get(one_id, ()) if e.scope.covers(scope)]

    def _answer_id(self, one_id, scope):
        """The latest covering event wins, but an `in` lifts a refusal only with proof; a dead
        address is alive again by any later `in`."""
        refusal, dead, opted_in = None, None, False
        for number, e in enumerate(self._covering(one_id, scope)):
            if e.kind == "dead":
                dead = number
            elif e.kind == "in":
                dead, opted_in = None, True
                refusal = None if e.proven else refusal
            else:
                refusal = (number, REASON_OF[e.kind])
        if dead is not None and (refusal is None or dead > refusal[0]):
            return "dead-address"
        return refusal[1] if refusal else "opt-in" if opted_in else "no-record"

    def _consent_required(self, s):
        """CONFIGS in other words."""
        if self.consent == 1:
            return s.sender != "acme"
        if self.consent == 2:
            if s.sender == "acme":
                return s.channel == "email" if s.topic == "deals" else s.channel != "sms"
            return s.sender == "globex" and s.channel == "ads"
        return self.consent == 3 and s.channel == "email"

    def _answer_scope(self, address, scope):
        reason = strictest([self._answer_id(i, scope) for i in address.ids])
        if reason == "no-record" and self._consent_required(scope):
            return "no-consent"
        return reason

    def answer(self, address, scope, purpose):
        if purpose == "service":
            return "service-message"
        scopes = [scope] if scope else [Scope(c, "*", "*") for c in address.channels]
        return strictest([self._answer_scope(address, s) for s in scopes])

    def refuses(self, address, event):
        """An `in` without proof against what stands."""
        return event.kind == "in" and not event.proven and any(
            self._answer_id(i, event.scope) in REASON_OF.values() for i in address.ids)

    def _stands(self, one_id, event, heed_withdrawn):
        """Does this very statement stand? `heed_withdrawn`: an opt-in that a later refusal of its
        whole scope withdrew has still lifted what was before it."""
        events, standing = self._covering(one_id, event.scope), False
        for n, e in enumerate(events):
            withdrawn = any(later.kind in REASON_OF and later.scope.covers(e.scope)
                            for later in events[n:])
            if e.kind == event.kind:
                standing = True
            elif e.kind == "in" and e.proven and (heed_withdrawn or not withdrawn):
                standing = False
        return standing

    def knows(self, address, event):
        """Does the statement stand for all ids, so that an import leaves it out? None: it was
        lifted, but a later refusal stands in its place, and then either is right."""
        heeding, not_heeding = (all(self._stands(i, event, heed) for i in address.ids)
                                for heed in (True, False))
        return heeding if heeding == not_heeding else None

    def add(self, address, event):
        for i in address.ids:
            self.events.setdefault(i, []).append(event)


# ---- people

def digest(family, text):
    return hashlib.new(family, text.encode()).hexdigest()


def ids_of(*texts):
    return frozenset((f, digest(f, t)) for f in FAMILIES for t in texts)


def digests_of(text, rng):
    """The text's digests, as addresses of their own."""
    for family in FAMILIES:
        hexes = digest(family, text)
        spellings = [f"{family}:{hexes}", f"{family.upper()}:{hexes.upper()}"]
        if family != "md5":
            spellings.append(f"{family}:{base64.b64encode(bytes.fromhex(hexes)).decode()}")
        rng.shuffle(spellings)
        yield Address(tuple(spellings), frozenset({(family, hexes)}), ("email", "sms", "ads"),
                      Scope("*", "*", "*"))


def plain(texts, spellings, channel):
    return Address(tuple(spellings), ids_of(*texts), (channel,), Scope(channel, "*", "*"))


def phone_pair(number, rng):
    """A number with its equivalent: Mexico's 1, Argentina's 9, Brazil's ninth digit."""
    local = f"{rng.randrange(10**6):06}{number % 100:02}"
    return rng.choice([(f"+5255{local}", f"+52155{local}"),
                       (f"+5411{local}", f"+54911{local}"),
                       (f"+55118{local[1:]}", f"+551198{local[1:]}")])


def person(number, rng):
    """The addresses by which one person is spoken of."""
    kind = rng.choice(("mail", "mail", "phone", "pair", "device", "cookie"))
    if kind == "mail":
        text = f"p{number}.{rng.randrange(10**6)}@example.com"
        forms = [plain([text], [text, text.upper(), f" Jo <{text}> ", f"mailto:{text}"], "email")]
    elif kind == "phone":
        text = f"+1415555{number % 10000:04}"
        forms = [plain([text], [text, f"tel:{text}", f"+1 (415) 555-{text[-4:]}"], "sms")]
    elif kind == "pair":
        pair = phone_pair(number, rng)
        forms = [plain(pair, [text, f"tel:{text}"], "sms") for text in pair]
        text = rng.choice(pair)
    elif kind == "device":
        text = f"{rng.randrange(1 << 32):08x}-0000-4000-8000-{number:012x}"
        forms = [plain([text], [f"device:{text}", f"device:{text.upper()}"], "ads")]
    else:
        text = f"cookie:V{number}.{rng.randrange(10**6)}"
        forms = [plain([text], [text], "ads")]
    return forms, list(digests_of(text, rng))


def pick_address(one, rng):
    """Plain mostly; only one digest family for most people, since each makes the lookup anew."""
    forms, digests = one
    return rng.choice(digests) if rng.random() < 0.3 else rng.choice(forms)


def pick_scope(rng):
    if rng.random() < 0.15:
        return None
    return Scope(rng.choice(CHANNELS), rng.choice(SENDERS), rng.choice(TOPICS))


# ---- one ledger

class Ledger:
    def __init__(self, seed, data):
        self.seed, self.rng, self.data = seed, random.Random(seed), data
        self.model = Model(seed % len(CONFIGS))
        data.mkdir(mode=0o700)
        (data / "optout.conf").write_text(CONFIGS[self.model.consent])
        self.library = Library(data, WRITE)
        self.people = [person(n, self.rng) for n in range(PEOPLE)]
        self.seq = 0

    def what(self, *words):
        return " ".join(map(str, (f"OPTOUT_SEED={self.seed}:", *words)))

    def pick_some(self, part):
        return [pick_address(p, self.rng) for p in self.people if self.rng.random() < part]

    # -- recording

    def expect(self, addresses, make_event):
        """The model's part of recording: what is to be taken, in order."""
        taken = []
        for a in addresses:
            event = make_event(a)
            if not self.model.refuses(a, event):
                self.model.add(a, event)
                taken.append(event)
        return taken

    def record_by_program(self, kind, scope, proven):
        some = self.pick_some(0.4)
        options = (["-s", scope] if scope else []) + (["--proof", "signed form"] if proven else [])
        text = "".join(self.rng.choice(a.spellings) + "\n" for a in some)
        taken = self.expect(some, lambda a: Event(kind, scope or a.own, proven))
        r = optout("record", kind, *options, "-", input=text, data=self.data)
        exits(r, 0 if len(taken) == len(some) else 1)
        equal([line.split(" ", 1)[1] for line in r.lines], [f"{e.kind} {e.scope}" for e in taken],
              self.what("record", kind, scope, "\n" + text))
        for line in r.lines:
            self.take_number(int(line.split()[0]))

    def take_number(self, seq):
        true(seq > self.seq, self.what(f"event {seq} comes after event {self.seq}"))
        self.seq = seq

    def record_by_library(self, kind, scope, proven):
        for a in self.pick_some(0.1):
            text = self.rng.choice(a.spellings)
            expected = bool(self.expect([a], lambda a: Event(kind, scope or a.own, proven)))
            try:
                self.take_number(self.library.record(kind, text, str(scope) if scope else None,
                                                     None, "a click" if proven else None))
                taken = True
            except Refused:
                taken = False
            equal(taken, expected, self.what("library record", kind, scope, text))

    def import_list(self, scope):
        text, read, recorded = "", 0, 0
        for a in self.pick_some(0.3):
            event = Event("out", scope or a.own, False)
            known = self.model.knows(a, event)
            if known is None:
                continue
            text += self.rng.choice(a.spellings) + "\n"
            read += 1
            if not known:
                self.model.add(a, event)
                recorded += 1
        options = ["-s", scope] if scope else []
        r = optout("--json", "import", "--format", "lines", *options, "-", input=text,
                   data=self.data)
        if read:
            exits(r)
            equal((r.json[0]["read"], r.json[0]["recorded"]), (read, recorded),
                  self.what("import", scope, "\n" + text))

    # -- asking

    def ask(self):
        """Both answer as the model does, on all people at once."""
        scope, purpose = pick_scope(self.rng), "marketing" if self.rng.random() < 0.9 else "service"
        asked = self.pick_some(0.7)
        texts = [self.rng.choice(a.spellings) for a in asked]
        expected = [self.model.answer(a, scope, purpose) for a in asked]
        got = self.library.check_batch(texts, str(scope) if scope else None, purpose)
        self.compare("library", texts, scope, expected, got)
        if self.rng.random() < 0.5:
            options = ["-s", scope] if scope else []
            r = optout("check", *options, "--purpose", purpose, "-", data=self.data,
                       input="".join(t + "\n" for t in texts))
            rows = [line.split("\t") for line in r.lines]
            self.compare("program", texts, scope, expected, [row[2] for row in rows])
            denied = [STRICTNESS.index(e) > STRICTNESS.index("service-message") for e in expected]
            equal([row[0] == "deny" for row in rows], denied, self.what("verdicts"))
            equal(r.code, int(any(denied)), self.what("exit status"))

    def compare(self, who, texts, scope, expected, got):
        wrong = [f"{t}: expected {e}, got {g}" for t, e, g in zip(texts, expected, got) if e != g]
        true(len(expected) == len(got) and not wrong,
             self.what(who, "asked about", scope, "\n" + "\n".join(wrong[:5])))

    # -- what must not matter

    def delete_lookup(self):
        for file in self.data.glob("lookup.*"):
            file.unlink()
        time.sleep(DELETION_SEEN_S)

    def forget_somebody(self):
        address = pick_address(self.rng.choice(self.people), self.rng)
        exits(optout("forget", "--", address.spellings[0].strip(), data=self.data))

    def round(self):
        kind, scope = self.rng.choice(KINDS), pick_scope(self.rng)
        proven = self.rng.random() < 0.5
        if self.rng.random() < 0.1:
            self.delete_lookup()
        elif self.rng.random() < 0.1:
            self.forget_somebody()
        way = self.rng.random()
        if way < 0.15:
            self.import_list(scope)
        elif way < 0.5:
            self.record_by_library(kind, scope, proven)
        else:
            self.record_by_program(kind, scope, proven)
        self.ask()


def make_case(seed):
    @case(f"{PEOPLE} histories, {ROUNDS} rounds: program, library and model agree, seed {seed}")
    def _(folder):
        ledger = Ledger(seed, folder / "data")
        for _ in range(ROUNDS):
            ledger.round()
        ledger.library.close()
        r = exits(optout("verify", data=folder / "data"))
        true(r.out.startswith("ok "), f"the audit is content: {r.out}")


preload_sanitizer()
for one_seed in SEEDS:
    make_case(one_seed)
run()
