#!/usr/bin/env python3
"""Shows which files of a crate import what from which others, and where these imports go in a circle.

    imports.py --graph             every file with the files that it imports from, and the names
    imports.py --circles           the files that import each other, over whatever way, and what ties them
    imports.py --why A B           the shortest chain of imports from one file to another
    ... --crate crates/engine      another crate than crates/server

An import is a path that begins with `crate`, `super`, `self`, a child module or a module that was imported,
in a `use` or in the code. It leads to the file that defines the name: re-exports are followed. A re-export
itself is no import unless its file uses the name. Tests do not count, nor do methods: `impl` blocks belong beside
their type.
"""

import argparse
import collections
import pathlib
import re
import sys

from rust_source import is_test_file, without_tests, without_texts

USE = re.compile(r"\b(pub\s+)?use\s+([^;]+);")
VISIBILITY = re.compile(r"\bpub\s*\([^)]*\)")
MODULE = re.compile(r"\bmod\s+(\w+)\s*;")
PATH = re.compile(r"(?<![\w:$.'])(?:\$?crate|super|self|[a-z]\w*)(?:\s*::\s*\w+)+")
MACRO = re.compile(r"#\[macro_export\]\s*macro_rules!\s*(\w+)")
TOKEN = re.compile(r"\w+|::|[{},*]")
DEFINED = re.compile(r"\b(?:fn|struct|enum|trait|type|const|static|union|macro_rules!)\s+(\w+)")


class File:
    """A source file as a module: its path from the crate's root, its code, its children and its `use`s."""

    def __init__(self, name, source):
        self.name = name
        parts = name.removesuffix(".rs").split("/")
        if parts[-1] in ("mod", "lib", "main"):
            parts.pop()
        self.module = tuple(parts)
        code = VISIBILITY.sub("pub", without_tests(without_texts(source)))
        self.children = set(MODULE.findall(code))
        self.macros = set(MACRO.findall(code))
        # Names that others can import from here, and names that only this file uses: name -> path.
        self.exported, self.imported = {}, {}
        self.export_globs, self.import_globs = [], []
        for match in USE.finditer(code):
            self._add_use(match[2], bool(match[1]))
        self.code = USE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), code)
        self.words = set(re.findall(r"\w+", self.code))
        self.offered = set(DEFINED.findall(self.code)) | self.children | self.exported.keys()

    def _add_use(self, tree, is_export):
        names, globs = (self.exported, self.export_globs) if is_export else (self.imported, self.import_globs)
        for path, alias in flat(tree):
            if path[-1] == "*":
                globs.append(path[:-1])
            else:
                names[alias] = path


def flat(tree):
    """All paths of a `use`, each with the name it gets: `a::{b, c as d}` is (a::b, b) and (a::c, d)."""
    tokens = TOKEN.findall(tree)
    found, position = [], 0

    def branch(prefix):
        nonlocal position
        path = list(prefix)
        while position < len(tokens) and tokens[position] not in (",", "}"):
            token = tokens[position]
            position += 1
            if token == "{":
                while tokens[position] != "}":
                    branch(path)
                    position += tokens[position] == ","
                position += 1
                return
            if token == "as":
                found.append((tuple(path), tokens[position]))
                position += 1
                return
            if token != "::":
                path.append(token)
        if path[-1] == "self" and len(path) > 1:
            path.pop()
        found.append((tuple(path), path[-1]))

    branch([])
    return found


class Crate:
    """The files of a crate, and which of them import what from which others."""

    def __init__(self, sources):
        """Takes the sources by name: paths below `src`."""
        # Beside a library, `main.rs` is a crate of its own.
        others = {"main.rs"} if "lib.rs" in sources else set()
        self.files = {file.module: file for file in
                      (File(*pair) for pair in sources.items() if pair[0] not in others and not is_test_file(pair[0]))}
        self.macros = {macro: file for file in self.files.values() for macro in file.macros}
        # (importing file, imported file) -> names
        self.imports = collections.defaultdict(set)
        for file in self.files.values():
            for path in self._paths(file):
                target, name = self.resolve(file, path)
                if target and target is not file:
                    self.imports[file.name, target.name].add(name)
        for (_, target), names in self.imports.items():
            # The module itself says less than the names that are used of it.
            if len(names) > 1:
                names.discard(pathlib.PurePath(target.removesuffix("/mod.rs")).stem)
        self.next = collections.defaultdict(list)
        for source, target in sorted(self.imports):
            self.next[source].append(target)

    @classmethod
    def read(cls, folder):
        """Reads all files below a crate's `src`."""
        root = pathlib.Path(folder) / "src"
        return cls({str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*.rs"))})

    def _paths(self, file):
        """All paths in a file that may lead to another one."""
        yield from file.imported.values()
        for glob in file.import_globs:
            # What a file takes of `super::*` and the like are the names it uses.
            target, _ = self.resolve(file, glob)
            yield from (glob + (word,) for word in sorted(file.words & self.offered(target) if target else ()))
        for name, path in file.exported.items():
            if name in file.words:
                yield path
        for match in PATH.finditer(file.code):
            path = tuple(re.split(r"\s*::\s*", match[0]))
            yield path if path[0] != "$crate" else ("crate",) + path[1:]

    def offered(self, file, seen=()):
        """The names that others can import from a file, those of its `pub use a::*` included."""
        names = set(file.offered)
        for glob in file.export_globs:
            target, _ = self.resolve(file, glob)
            if target and target.name not in seen:
                names |= self.offered(target, seen + (file.name,))
        return names

    def resolve(self, file, path, seen=()):
        """The file that a path seen in a file leads to, and the last name of the path; None if it leads out."""
        first, rest = path[0], path[1:]
        if first == "crate":
            return self._walk(self.files.get(()), rest, seen)
        if first == "self":
            return self._walk(file, rest, seen)
        if first == "super":
            if not file.module:
                return None, None
            return self.resolve_from(self.files.get(file.module[:-1]), rest, seen)
        if first in file.children:
            return self._walk(file, path, seen)
        known = file.imported.get(first) or file.exported.get(first)
        if known and known != path[:1] and (file.name, known) not in seen:
            return self.resolve(file, known + rest, seen + ((file.name, known),))
        return None, None

    def resolve_from(self, file, path, seen):
        """As if the rest of a path behind `super` stood in that file."""
        if path and path[0] == "super" and file:
            return self.resolve(file, path, seen)
        return self._walk(file, path, seen)

    def _walk(self, file, path, seen):
        """Follows a path from a module down, over re-exports, to the file that defines its last name."""
        if not file or not path:
            return file, file and (file.module or ("crate",))[-1]
        first, rest = path[0], path[1:]
        if not file.module and first in self.macros:
            return self.macros[first], first
        if first in file.children and (child := self.files.get(file.module + (first,))):
            return self._walk(child, rest, seen)
        known = file.exported.get(first) or file.imported.get(first)
        if known and (file.name, known) not in seen:
            target, name = self.resolve(file, known + rest, seen + ((file.name, known),))
            return (target, name) if target else (None, None)
        for glob in file.export_globs + file.import_globs if first not in file.offered else ():
            if (file.name, glob) in seen:
                continue
            target, _ = self.resolve(file, glob, seen + ((file.name, glob),))
            if target and first in self.offered(target):
                return self._walk(target, path, seen + ((file.name, glob),))
        return file, first

    def circles(self):
        """Groups of files that all reach each other, the largest first: strongly connected components (Tarjan)."""
        numbers, lowest, stack, found = {}, {}, [], []

        def visit(name):
            numbers[name] = lowest[name] = len(numbers)
            stack.append(name)
            for other in self.next[name]:
                if other not in numbers:
                    visit(other)
                if other in stack:
                    lowest[name] = min(lowest[name], lowest[other])
            if lowest[name] == numbers[name]:
                at = stack.index(name)
                found.append(sorted(stack[at:]))
                del stack[at:]

        sys.setrecursionlimit(10_000)
        for file in self.files.values():
            if file.name not in numbers:
                visit(file.name)
        return sorted((circle for circle in found if len(circle) > 1), key=lambda circle: (-len(circle), circle))

    def chain(self, source, target):
        """The shortest chain of imports from one file to another; None if there is none."""
        before, queue = {source: None}, collections.deque([source])
        while queue:
            name = queue.popleft()
            if name == target and before[name] is not None:
                break
            for other in self.next[name]:
                if other not in before:
                    before[other] = name
                    queue.append(other)
        if before.get(target) is None:
            return None
        chain = [target]
        while before[chain[-1]] is not None:
            chain.append(before[chain[-1]])
        return chain[::-1]

    def upward(self, layers):
        """Imports from a lower to a higher layer, and files that are in none: one text each."""
        def layer(name):
            fitting = [(len(prefix), at) for at, prefixes in enumerate(layers) for prefix in prefixes
                       if name == prefix or name.startswith(prefix.removesuffix("/") + "/")]
            return max(fitting)[1] if fitting else None

        for file in self.files.values():
            if layer(file.name) is None:
                yield f"{file.name} is in no layer"
        for (source, target), names in sorted(self.imports.items()):
            low, high = layer(source), layer(target)
            if low is not None and high is not None and low < high:
                yield f"{source} imports {', '.join(sorted(names))} from {target}, which is in a higher layer"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--crate", default=pathlib.Path(__file__).resolve().parent.parent / "crates/server")
    wish = parser.add_mutually_exclusive_group(required=True)
    wish.add_argument("--graph", action="store_true", help="every file with the files that it imports from")
    wish.add_argument("--circles", action="store_true", help="files that import each other, and the names")
    wish.add_argument("--why", nargs=2, metavar=("A", "B"), help="the shortest chain of imports from A to B")
    wishes = parser.parse_args()
    crate = Crate.read(wishes.crate)
    if wishes.graph:
        show(crate, crate.next, lambda source, target: True)
    elif wishes.circles:
        for circle in crate.circles():
            print(f"{len(circle)} files in a circle:")
            show(crate, circle, lambda source, target: target in circle)
    else:
        chain = crate.chain(*wishes.why)
        if not chain:
            print("There is no chain of imports.")
            return 1
        for source, target in zip(chain, chain[1:]):
            print(f"{source} -> {target}: {', '.join(sorted(crate.imports[source, target]))}")
    return 0


def show(crate, sources, is_wanted):
    """Prints files with what they import from others."""
    for source in sorted(sources):
        print(source)
        for target in crate.next[source]:
            if is_wanted(source, target):
                print(f"    {target}: {', '.join(sorted(crate.imports[source, target]))}")


if __name__ == "__main__":
    sys.exit(main())
