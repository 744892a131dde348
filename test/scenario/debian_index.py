#!/usr/bin/env python3
"""Real addresses: the Maintainer and Uploaders fields of a Debian package index.

Names with commas, quotes, dots, parentheses and UTF-8, written by a thousand hands. The index is
fetched by apt, with the package sources of this machine, into the case's own folder. What an
entry's address is, is told here by a rule of its own: what stands in the one pair of brackets.
"""

import re
import subprocess
from pathlib import Path

from tap import case, contains, equal, exits, optout, run, true

ADDRESS = re.compile(r"^[^<>]*<([^<>@\s]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)>$")

KEYRING = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"


def source_entries():
    """The machine's deb822 and one-line package sources, asked for source indexes instead."""
    files = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    lines = []
    for file in files:
        if not file.exists():
            continue
        text = file.read_text()
        for paragraph in re.split(r"\n\s*\n", text):
            field = dict(re.findall(r"^(\w[\w-]*): *(.*)$", paragraph, re.M))
            if "debian" in field.get("URIs", "") and "Suites" in field:
                lines.append(f"deb-src {KEYRING} {field['URIs'].split()[0]} "
                             f"{field['Suites'].split()[0]} main")
        lines += [re.sub(r"^deb(-src)? (\[.*?\] )?", f"deb-src {KEYRING} ", line)
                  for line in re.findall(r"^deb .*$", text, re.M) if "debian" in line]
    return lines


def fetch_index(folder):
    """The text of all source indexes."""
    (folder / "lists/partial").mkdir(parents=True)
    (folder / "sources.list").write_text("\n".join(source_entries()) + "\n")
    options = ["-o", f"Dir::Etc::SourceList={folder}/sources.list", "-o",
               "Dir::Etc::SourceParts=/dev/null", "-o", f"Dir::State::Lists={folder}/lists", "-o",
               "APT::Sandbox::User=root"]
    subprocess.run(["apt-get", *options, "update"], check=True, capture_output=True, timeout=300)
    targets = subprocess.run(["apt-get", *options, "indextargets", "--format", "$(FILENAME)",
                              "Created-By: Sources"], check=True, capture_output=True, text=True)
    text = ""
    for name in targets.stdout.split():
        text += subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", name], check=True,
                               capture_output=True).stdout.decode("utf-8", "surrogateescape")
    return text


def people(index):
    """Every different entry; the Uploaders of a package stand in one line, after commas."""
    entries = set()
    for field in re.findall(r"^(?:Maintainer|Uploaders): *(.*)$", index, re.M):
        entries.update(e.strip(" ,") for e in re.split(r"(?<=>)\s*,\s*", field))
    return sorted(e for e in entries if e)


@case("every maintainer and uploader is recorded and denied, or refused with a reason")
def _(folder):
    entries = people(fetch_index(folder))
    true(len(entries) > 1000, f"the index names people ({len(entries)} found)")
    told = {e: m.group(1).lower() for e in entries if (m := ADDRESS.match(e))}
    data, lines = folder / "data", folder / "people.txt"
    lines.write_text("".join(e + "\n" for e in entries), errors="surrogateescape")

    r = exits(optout("record", "out", "-", data=data, input=lines.read_bytes()))
    recorded = len(r.out.splitlines())
    refused = re.findall(r"^optout: line (\d+): (.*)$", r.err.decode("utf-8", "replace"), re.M)
    print(f"# {len(entries)} entries, {recorded} recorded, {len(refused)} refused")
    equal(recorded + len(refused), len(entries), "each entry is recorded or refused")
    for number, text in refused:
        print(f"# refused, line {number}: {text.rsplit('>: ')[-1]}")
        true(entries[int(number) - 1] not in told, f"a plain entry is not refused: {text}")

    asked = sorted(set(told.values()))
    r = optout("check", "-", data=data, input="\n".join(asked) + "\n")
    equal(r.code, 1)
    equal([line.split("\t") for line in r.lines], [["deny", a, "opt-out"] for a in asked])

    exits(optout("scrub", lines, "-o", folder / "kept", "--removed", folder / "gone", data=data))
    equal((folder / "kept").read_bytes(), b"", "nobody of them is kept")
    equal(len((folder / "gone").read_bytes().splitlines()), len(entries))

    r = exits(optout("import", lines, data=data))
    contains(r.err, "recorded 0")


run()
