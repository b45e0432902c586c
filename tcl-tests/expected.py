"""The list of tests that are known not to pass: `expected-failures.txt`.

    unit | test name | reason        the test runs and must fail
    unit | skip: test name | reason  not run: it would hang or bring down its unit
    unit | tag: name | reason        tests and servers with this tag are not run
    unit | * | reason                the whole unit is not run

Only the first form costs nothing to keep true: such a test that starts to pass is reported.
"""

import dataclasses
import pathlib

PATH = pathlib.Path(__file__).resolve().parent / "expected-failures.txt"


@dataclasses.dataclass
class Unit:
    """What is expected of one unit of the suite."""

    failing: dict = dataclasses.field(default_factory=dict)
    skipped: dict = dataclasses.field(default_factory=dict)
    tags: dict = dataclasses.field(default_factory=dict)
    whole: str = ""


def load(path=PATH):
    """Reads the list into {unit name: Unit}."""
    units = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split(" | ")]
        if len(fields) < 3 or not all(fields):
            raise SystemExit(f"{path}:{number}: expected `unit | test name | reason`")
        # A test name may itself hold the separator; a reason may not.
        name, what, reason = fields[0], " | ".join(fields[1:-1]), fields[-1]
        unit = units.setdefault(name, Unit())
        if what == "*":
            unit.whole = reason
        elif what.startswith("skip: "):
            unit.skipped[what[len("skip: "):]] = reason
        elif what.startswith("tag: "):
            unit.tags[what[len("tag: "):]] = reason
        else:
            unit.failing[what] = reason
    return units
