"""Runs one unit of the suite in a runtest process of its own and reads what it printed.

One process per unit, because runtest stops as a whole at the first Tcl exception; each with a
private tree and port range, so that several can run at once.
"""

import collections
import contextlib
import dataclasses
import os
import random
import re
import signal
import socket
import subprocess
import time

# A port range per running unit.  The cluster bus uses a port 10,000 above a server's, and the
# suite's own coordinator one of the 32 below its base.
FIRST_PORT, PORT_STEP, RANGES = 20100, 300, 40
# Seconds without a finished test, and for a unit as a whole, until it counts as hung.
NO_PROGRESS, UNIT_LIMIT = 240, 1500

# Process groups of the units running now.
live = set()

OUTSIDE = "(outside any test)"
START = re.compile(r"\[(ok|err|skip|ignore|exception|TIMEOUT)\]: (.*)")


@dataclasses.dataclass
class Result:
    """What became of the tests of one unit; names map to how often they occurred."""

    unit: str
    passed: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    failed: dict = dataclasses.field(default_factory=dict)
    skipped: int = 0
    aborted: str = ""
    seconds: float = 0.0


def run(unit, tree, options, expected, log_path):
    """Runs `unit` in `tree` with the given runtest options."""
    started = time.monotonic()
    for _ in range(3):
        with port_range() as base, open(log_path, "wb") as log:
            status = run_once(command(unit, base, options, expected), tree, log)
        text = log_path.read_text(errors="replace")
        # Something else took the coordinator's port meanwhile.
        if "couldn't open socket: address already in use" not in text:
            break
    result = parse(unit, text)
    result.seconds = time.monotonic() - started
    if status is None:
        result.aborted = f"not finished after {UNIT_LIMIT} seconds"
    elif not result.aborted and status != 0 and not result.failed:
        result.aborted = f"runtest exited with status {status}"
    return result


def command(unit, base, options, expected):
    """The command line of runtest for one unit."""
    words = ["./runtest", "--single", unit, "--durable", "--clients", "1",
             "--timeout", str(NO_PROGRESS),
             "--baseport", str(base), "--portcount", str(PORT_STEP - 40), *options]
    for name in expected.skipped:
        words += ["--skiptest", name]
    if expected.tags:
        words += ["--tags", " ".join("-" + tag for tag in expected.tags)]
    return words


def run_once(words, tree, log):
    """Runs runtest to its end; its exit status, `None` if it had to be ended."""
    # No TERM: no colours in the output.
    env = {k: v for k, v in os.environ.items() if k != "TERM"}
    process = subprocess.Popen(words, cwd=tree, env=env, stdin=subprocess.DEVNULL,
                               stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    live.add(process.pid)
    try:
        status = process.wait(UNIT_LIMIT)
    except subprocess.TimeoutExpired:
        status = None
    live.discard(process.pid)
    kill_group(process.pid)
    process.wait()
    return status


def kill_group(pid):
    """Ends a unit's runtest with the servers it started; one that ended well has none left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def kill_all():
    """Ends every running unit."""
    for pid in list(live):
        kill_group(pid)


@contextlib.contextmanager
def port_range():
    """Claims a free range of ports by holding its last one."""
    with socket.socket() as guard:
        # Not always from the first on, so that a second attempt gets another one.
        first = random.randrange(RANGES)
        for i in range(RANGES):
            base = FIRST_PORT + (first + i) % RANGES * PORT_STEP
            try:
                guard.bind(("127.0.0.1", base + PORT_STEP - 39))
            except OSError:
                continue
            yield base
            return
    raise SystemExit("no free port range")


def parse(unit, text):
    """Reads runtest's output: one bracketed line per test, then lines of detail."""
    result = Result(unit)
    detail = None
    suffix = f" in tests/{unit}.tcl"
    # The summary at the end repeats the failures.
    for line in text.split("\n                   The End\n")[0].splitlines():
        match = START.match(line)
        if not match:
            if detail is not None and not re.match(r"\[[a-z0-9/]+( done)?\]: |Cleanup|Logged crash", line):
                detail.append(line)
            continue
        kind, rest = match.groups()
        detail = None
        if kind == "ok":
            result.passed[re.sub(r" \(\d+ ms\)$", "", rest)] += 1
        elif kind in ("skip", "ignore"):
            result.skipped += 1
        elif kind == "err":
            name = rest[: -len(suffix)] if rest.endswith(suffix) else OUTSIDE
            detail = result.failed.setdefault(name, [])
            if name == OUTSIDE:
                detail.append(rest)
        else:
            result.aborted = f"{kind}: {rest}"
            detail = result.failed.setdefault(OUTSIDE, []) if kind == "exception" else None
            if detail is not None:
                detail.append(rest)
    if "                   The End" not in text and not result.aborted:
        result.aborted = "runtest stopped in the middle"
    return result
