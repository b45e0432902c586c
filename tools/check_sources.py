#!/usr/bin/env python3
"""Checks what neither rustfmt nor clippy does: sizes, headers, unsafe code and imports of the Rust sources.

A file has at most 1,000 lines and opens with `//!`; a function has at most 70 lines; nothing is
left to do by a comment; `unsafe` is in the files only that rule 8 of STYLE.md lists; imports go from
higher to lower layers, and do not tie many files into a circle. Prints every violation; the exit status is 1 if
there is one.
"""

import pathlib
import re
import subprocess
import sys

from imports import Crate
from rust_source import is_test_file, without_tests, without_texts

MAX_FILE, MAX_FUNCTION = 1000, 70
FUNCTION = re.compile(r"^(\s*)(?:pub(?:\([^)]*\))? )?(?:const |async |unsafe |extern \"[^\"]*\" )*fn (\w+)")
LEFT_OVER = re.compile(r"\b(?:TODO|FIXME|XXX)\b|\b(?:todo|unimplemented)!")
UNSAFE = re.compile(r"\bunsafe\b")
LISTED = re.compile(r"^   - `([^`]+)`: \S")

# The layers of a crate, lowest first: files and folders below its `src`. Each file may import from its own and from
# lower layers; with layers given, each file has to be in one.
LAYERS = {
    "crates/server": [
        # Memory, time, boxes.
        ["alloc.rs", "clock.rs", "clock", "counter.rs", "in_hand.rs"],
        # What was configured, and the log.
        ["config", "log.rs", "log", "process/title.rs"],
        # The operating system: process, sockets, threads.
        ["process", "net", "lazyfree.rs", "secrets.rs"],
        # The commands that exist, and what is known of a call before it runs.
        ["table.rs", "table", "setup.rs", "exec/plan.rs"],
        # Clients, what they listen to and wait for; the log of commands; counters.
        ["client", "waiting.rs", "mailboxes.rs", "pubsub", "propagate.rs", "propagate", "latency", "slowlog.rs",
         "stats.rs", "tally.rs"],
        # All state of a server, by who may touch it when, and what a command reaches of it.
        ["server.rs", "shared.rs", "worker_state.rs", "eviction.rs", "expiry.rs", "pause.rs",
         "commands/migrate/connections.rs",
         "exec/call.rs", "exec/context.rs", "exec/outlet.rs", "persistence/state.rs", "persistence/children.rs",
         "persistence/report.rs", "persistence/snapshot_state.rs", "persistence/loading_state.rs",
         "persistence/aof/state.rs", "persistence/aof/rewrite_state.rs", "persistence/aof/writer.rs",
         "persistence/aof/sync.rs"],
        # The executor, and what is told about the server.
        ["exec", "memory.rs", "report", "persistence/mod.rs", "persistence/info.rs",
         "persistence/aof/mod.rs", "persistence/aof/info.rs", "client/close.rs", "client/input.rs", "client/limits.rs"],
        # Snapshots, the append-only file, the end of the process.
        ["persistence", "shutdown.rs"],
        # One room per command.
        ["commands"],
        # The event loop.
        ["worker"],
        # The start of the process.
        ["startup.rs", "lib.rs"],
    ],
}

# The most files that may import each other in a circle, and what is left of older times.
MAX_CIRCLE = 5
ALLOWED_CIRCLE = {
    "crates/engine": 6,
    "crates/server": 13,
}


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.rs"],
                            cwd=root, capture_output=True, text=True, check=True).stdout.split()
    listed = [name for name in listed if (root / name).exists()]
    problems = [problem for name in listed for problem in check(name, root / name)]
    problems += unsafe_code(root, listed)
    for crate in sorted(path.parent for path in root.glob("crates/*/Cargo.toml")):
        problems += imports(str(crate.relative_to(root)), Crate.read(crate))
    print("\n".join(problems + [f"{len(listed)} source files, {len(problems)} problems"]))
    return 1 if problems else 0


def check(name, path):
    lines = path.read_text().splitlines()
    if not lines or not lines[0].startswith("//!"):
        yield f"{name}:1: the file does not open with //!"
    if len(lines) > MAX_FILE:
        yield f"{name}: {len(lines)} lines, at most {MAX_FILE} are allowed"
    for number, line in enumerate(lines, 1):
        if LEFT_OVER.search(line):
            yield f"{name}:{number}: left over: {line.strip()}"
    yield from long_functions(name, lines)


def long_functions(name, lines):
    """Finds functions by their indentation, which rustfmt guarantees."""
    open_at = None
    for number, line in enumerate(lines, 1):
        match = FUNCTION.match(line)
        if match and not line.rstrip().endswith((";", "}")):
            open_at = (number, match[1] + "}", match[2])
        elif open_at and line.startswith(open_at[1]) and line[len(open_at[1]):] in ("", ",", ";"):
            start, _, function = open_at
            if number - start + 1 > MAX_FUNCTION:
                yield f"{name}:{start}: {function} has {number - start + 1} lines, at most {MAX_FUNCTION} are allowed"
            open_at = None


def unsafe_code(root, listed):
    """Compares the files that have unsafe code outside of tests with those that STYLE.md allows to."""
    rules = (root / "STYLE.md").read_text().splitlines()
    allowed = {match[1] for line in rules if (match := LISTED.match(line))}
    code = {name: without_tests(without_texts((root / name).read_text()))
            for name in listed if name.startswith("crates/") and "/src/" in name and not is_test_file(name)}
    found = {name for name in code if UNSAFE.search(code[name])}
    yield from (f"{name}: unsafe code, and STYLE.md does not list the file" for name in sorted(found - allowed))
    yield from (f"{name}: STYLE.md lists the file, which has no unsafe code" for name in sorted(allowed - found))


def imports(name, crate):
    """Finds imports that go up, and circles that are too large."""
    layers = LAYERS.get(name)
    yield from (f"{name}/src/{problem}" for problem in (crate.upward(layers) if layers else ()))
    most = ALLOWED_CIRCLE.get(name, MAX_CIRCLE)
    for circle in crate.circles():
        if len(circle) > most:
            yield (f"{name}: {len(circle)} files import each other in a circle, at most {most} may: "
                   f"{', '.join(circle)} (tools/imports.py --circles shows the names)")


if __name__ == "__main__":
    sys.exit(main())
