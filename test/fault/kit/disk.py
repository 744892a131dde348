"""disk: a model of a disk under a program, fed from a trace of the program's calls.

A write, a truncation, a new or another name is pending until the file, or the directory, that it
belongs to is synced; only then is it sure to be there after a power cut. What becomes of the
pending ones is for the caller to choose. The model is as strict as POSIX allows: to sync a file
does not sync its name.

What a program stores through a mapping is not in the trace; see Disk.image.
"""

import ast
import re

SECTOR = 512

# What can change a file. A call among them that Disk has no method for ends the test, so that the
# model never silently misses one.
CALLS = """open openat openat2 creat write pwrite64 writev pwritev pwritev2 sendfile copy_file_range
    splice fsync fdatasync sync syncfs sync_file_range truncate ftruncate fallocate lseek rename
    renameat renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir dup dup2
    dup3 close""".split()

LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")


def strace(log):
    """The command that traces into `log` what `events` reads."""
    return ["strace", "-f", "-qq", "-xx", "-s", str(1 << 24), "-e", "trace=" + ",".join(CALLS),
            "-o", log]


def events(log):
    """The calls of a trace that succeeded: (name, arguments, result)."""
    for line in log.read_text().splitlines():
        if "unfinished" in line or "resumed" in line:
            raise ValueError(f"calls of two threads overlap: {line[:200]}")
        call = LINE.match(line)
        if call and int(call[3]) >= 0:
            yield call[1], arguments(call[2]), int(call[3])


def arguments(text):
    """Strings become bytes, numbers int; flags, modes and AT_FDCWD stay text."""
    return [argument(part) for part in text.split(", ")]


def argument(part):
    if part.startswith('"'):
        return ast.literal_eval("b" + part)
    return int(part) if re.fullmatch(r"-?[1-9]\d*|0", part) else part


class File:
    """`durable` content, and the writes (offset, bytes) and sizes (SIZE, n) since the last sync."""

    def __init__(self):
        self.durable, self.pending = bytearray(), []

    def sync(self):
        self.durable = self.content(self.pending)
        self.pending = []

    def content(self, kept):
        content = bytearray(self.durable)
        for at, what in kept:
            if at == "size":
                content[what:] = bytes(max(0, what - len(content)))
            elif at == "room":
                content.extend(bytes(max(0, what - len(content))))
            else:
                content.extend(bytes(max(0, at - len(content))))
                content[at:at + len(what)] = what
        return content

    def size(self):
        return len(self.content(self.pending))


class Directory:
    """`durable` names, and since the last sync the pending changes: [(name, node or None), ...],
    those of one call together, as a rename is whole or not at all."""

    def __init__(self):
        self.durable, self.pending = {}, []

    def sync(self):
        self.durable = self.names(self.pending)
        self.pending = []

    def names(self, kept):
        names = dict(self.durable)
        for change in kept:
            for name, node in change:
                names[name] = node
                if node is None:
                    del names[name]
        return names

    def visible(self):
        return self.names(self.pending)


class Disk:
    """`root` is a folder that is there already; paths outside it are not looked at."""

    def __init__(self, root):
        self.prefix = bytes(root) + b"/"
        self.root = Directory()
        self.descriptors = {}

    def begin_process(self):
        self.descriptors = {}

    def apply(self, event):
        name, args, result = event
        getattr(self, "call_" + name)(args, result)

    # ---- paths

    def place(self, path):
        """(directory, name) of a path, or None when it is outside."""
        if not path.startswith(self.prefix):
            return None
        *folders, name = path[len(self.prefix):].split(b"/")
        directory = self.root
        for folder in folders:
            directory = directory.visible()[folder]
        return directory, name

    def node(self, path):
        if path.rstrip(b"/.") == self.prefix.rstrip(b"/"):
            return self.root
        if path.endswith(b"/.."):
            path = path[:-3].rpartition(b"/")[0]
            return self.node(path)
        place = self.place(path)
        return place and place[0].visible().get(place[1])

    # ---- calls

    def call_openat(self, args, fd):
        _, path, flags, *_ = args
        place, node = self.place(path), self.node(path)
        if node is None and place and "O_CREAT" in flags:
            node = File()
            place[0].pending.append([(place[1], node)])
        if node is not None and "O_TRUNC" in flags:
            node.pending.append(("size", 0))
        self.descriptors[fd] = [node, node.size() if node and "O_APPEND" in flags else 0]

    def call_close(self, args, _):
        self.descriptors.pop(args[0], None)

    def call_lseek(self, args, result):
        if args[0] in self.descriptors:
            self.descriptors[args[0]][1] = result

    def call_write(self, args, done):
        open_file = self.descriptors.get(args[0])
        if open_file and open_file[0]:
            open_file[0].pending.append((open_file[1], args[1][:done]))
            open_file[1] += done

    def call_pwrite64(self, args, done):
        fd, content, _, at = args
        if self.descriptors[fd][0]:
            self.descriptors[fd][0].pending.append((at, content[:done]))

    def call_ftruncate(self, args, _):
        if self.descriptors[args[0]][0]:
            self.descriptors[args[0]][0].pending.append(("size", args[1]))

    def call_fallocate(self, args, _):
        fd, mode, at, length = args
        if mode != 0:
            raise ValueError(f"fallocate in mode {mode}")
        if self.descriptors[fd][0]:
            self.descriptors[fd][0].pending.append(("room", at + length))

    def call_fsync(self, args, _):
        if self.descriptors[args[0]][0]:
            self.descriptors[args[0]][0].sync()

    call_fdatasync = call_fsync

    def call_mkdir(self, args, _):
        place = self.place(args[0])
        if place:
            place[0].pending.append([(place[1], Directory())])

    def call_unlink(self, args, _):
        place = self.place(args[0])
        if place:
            place[0].pending.append([(place[1], None)])

    def call_link(self, args, _):
        directory, name = self.place(args[1])
        directory.pending.append([(name, self.node(args[0]))])

    def call_rename(self, args, _):
        (source, old), (target, new) = self.place(args[0]), self.place(args[1])
        if source is not target:
            raise ValueError("a rename from one directory to another")
        source.pending.append([(new, source.visible()[old]), (old, None)])

    # ---- after a power cut

    def image(self, choose, node=None):
        """The tree as {name: bytes or such a tree}. `choose(node, pending)` returns those of the
        pending changes that survived."""
        node = node or self.root
        kept = choose(node, node.pending)
        if isinstance(node, File):
            return bytes(node.content(kept))
        return {n: self.image(choose, child) for n, child in node.names(kept).items()}
