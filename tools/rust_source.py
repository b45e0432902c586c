"""Looks at Rust sources as text: what is left without comments, texts and tests."""

import re

# Comments, raw strings, strings, characters (a lifetime has no closing quote).
QUIET = re.compile(r"""//[^\n]*|/\*.*?\*/|\bb?r(#*)".*?"\1|\bb?"(?:\\.|[^"\\])*"|"(?:\\.|[^"\\])*"|'(?:\\[^\n]*?|[^'\\\n])'""", re.S)
TEST_ONLY = re.compile(r"#\[cfg\((?:test|loom|any\(test\b[^)]*\)|all\(test\b[^)]*\))\)\]")
ATTRIBUTE = re.compile(r"\s*#\[")
OPENING, CLOSING = "([{", ")]}"


def without_texts(source):
    """The source with comments, strings and characters blanked; lines keep their numbers."""
    return QUIET.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)


def without_tests(code):
    """The code, which has no texts any more, with all items blanked that only tests see."""
    at, kept = 0, []
    while match := TEST_ONLY.search(code, at):
        end = end_of_item(code, match.end())
        kept += [code[at:match.start()], re.sub(r"[^\n]", " ", code[match.start():end])]
        at = end
    return "".join(kept) + code[at:]


def end_of_item(code, at):
    """Where the item ends that begins, perhaps with more attributes, at a place."""
    while match := ATTRIBUTE.match(code, at):
        at = end_of_group(code, match.end() - 1)
    while at < len(code):
        if code[at] in ";,":
            return at + 1
        if code[at] in CLOSING:
            return at
        if code[at] in OPENING:
            is_body = code[at] == "{"
            at = end_of_group(code, at)
            if is_body and code[at:at + 1] != ";":
                return at
            continue
        at += 1
    return at


def end_of_group(code, at):
    """Behind the bracket that closes the one at a place."""
    depth = 0
    for place in range(at, len(code)):
        depth += (code[place] in OPENING) - (code[place] in CLOSING)
        if depth == 0:
            return place + 1
    return len(code)


def is_test_file(name):
    """Whether a file is seen by tests only, by its path."""
    parts = name.removesuffix(".rs").split("/")
    return any(part in ("tests", "testing", "benches", "examples") for part in parts)
