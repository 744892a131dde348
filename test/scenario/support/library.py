"""library.py: liboptout of the build, through its public face alone (include/optout.h)."""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

from tap import OPTOUT

BUILD = Path(os.environ.get("BUILD_DIR", Path(OPTOUT).parent))
SHARED_OBJECT = BUILD / "lib" / "liboptout.so"

READ, WRITE = 0, 1
OK, REFUSED, FAILED = 0, 1, 2
KINDS = {"out": 1, "in": 2, "complaint": 3, "dead": 4, "hold": 5}
PURPOSES = {"marketing": 0, "service": 1}
ERROR_BYTES = 512


def preload_sanitizer():
    """Starts this program anew with the sanitizer's runtime in front, if the library was built
    with one: it has to be the first thing loaded. Python's own leaks are nobody's business here."""
    if "san.so" in os.environ.get("LD_PRELOAD", ""):
        return
    needs = subprocess.run(["ldd", SHARED_OBJECT], capture_output=True, text=True, check=True)
    runtimes = re.findall(r"=> (\S*/lib[atu]b?san\.so\S*)", needs.stdout)
    if runtimes:
        options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        os.execve(sys.executable, [sys.executable, *sys.argv],
                  {**os.environ, "LD_PRELOAD": " ".join(runtimes), "ASAN_OPTIONS": options})


def _load():
    lib = ctypes.CDLL(str(SHARED_OBJECT))
    text, handle = ctypes.c_char_p, ctypes.c_void_p
    lib.optout_open.argtypes = [text, ctypes.c_int, ctypes.POINTER(handle), text]
    lib.optout_close.argtypes = [handle]
    lib.optout_check.argtypes = [handle, text, text, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    lib.optout_check_batch.argtypes = [handle, ctypes.POINTER(text), ctypes.c_size_t, text,
                                       ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    lib.optout_record.argtypes = [handle, ctypes.c_int, text, text, text, text,
                                  ctypes.POINTER(ctypes.c_uint64), text]
    lib.optout_reason_word.argtypes = [ctypes.c_int]
    lib.optout_reason_word.restype = text
    lib.optout_version.restype = text
    return lib


def _bytes(text):
    return None if text is None else text.encode()


class Refused(Exception):
    """OPTOUT_REFUSED, with its sentence."""


class Failed(Exception):
    """OPTOUT_FAILED, with its sentence."""


class Library:
    """An open data directory."""

    def __init__(self, directory, mode=READ):
        self.lib = _load()
        self.handle = ctypes.c_void_p()
        self.error = ctypes.create_string_buffer(ERROR_BYTES)
        self._must(self.lib.optout_open(_bytes(str(directory)), mode, ctypes.byref(self.handle),
                                        self.error))

    def _must(self, status):
        if status != OK:
            raise (Refused if status == REFUSED else Failed)(self.error.value.decode())

    def close(self):
        self.lib.optout_close(self.handle)
        self.handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def check(self, address, scope=None, purpose="marketing"):
        """(may it be contacted, reason)."""
        why = ctypes.c_int()
        allowed = self.lib.optout_check(self.handle, _bytes(address), _bytes(scope),
                                        PURPOSES[purpose], ctypes.byref(why))
        return bool(allowed), self._word(why.value)

    def check_batch(self, addresses, scope=None, purpose="marketing"):
        """The reasons, one an address."""
        n = len(addresses)
        asked = (ctypes.c_char_p * n)(*map(_bytes, addresses))
        reasons = (ctypes.c_int * n)()
        status = self.lib.optout_check_batch(self.handle, asked, n, _bytes(scope),
                                             PURPOSES[purpose], reasons)
        if status != OK:
            raise (Refused if status == REFUSED else Failed)("check_batch")
        return [self._word(r) for r in reasons]

    def record(self, kind, address, scope=None, source=None, proof=None):
        """The event's number. Refused or Failed otherwise."""
        event = ctypes.c_uint64()
        self._must(self.lib.optout_record(self.handle, KINDS[kind], _bytes(address), _bytes(scope),
                                          _bytes(source), _bytes(proof), ctypes.byref(event),
                                          self.error))
        return event.value

    def version(self):
        return self.lib.optout_version().decode()

    def _word(self, reason):
        return self.lib.optout_reason_word(reason).decode()
