#!/usr/bin/env python3
"""Checks what neither rustfmt nor clippy does: sizes and headers of the Rust sources.

A file has at most 1,000 lines and opens with `//!`; a function has at most 70 lines; nothing is
left to do by a comment. Prints every violation; the exit status is 1 if there is one.
"""

import pathlib
import re
import subprocess
import sys

MAX_FILE, MAX_FUNCTION = 1000, 70
FUNCTION = re.compile(r"^(\s*)(?:pub(?:\([^)]*\))? )?(?:const |async |unsafe |extern \"[^\"]*\" )*fn (\w+)")
LEFT_OVER = re.compile(r"\b(?:TODO|FIXME|XXX)\b|\b(?:todo|unimplemented)!")


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.rs"],
                            cwd=root, capture_output=True, text=True, check=True).stdout.split()
    problems = [p for name in listed if (root / name).exists() for p in check(name, root / name)]
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


if __name__ == "__main__":
    sys.exit(main())
