#!/usr/bin/env python3
"""Checks that ochre.conf is complete and states the defaults, and that the completion for bash knows all directives.

    tools/check_conf.py BINARY [CONF]

What CONFIG GET of a running server says is compared with these files:
- a server that reads the file has the configuration of one that reads none;
- every directive of CONFIG GET * stands in the file, at least in a comment that starts with its name;
- a directive that is hidden from CONFIG GET * and stands in the file is known to the server;
- the completion offers the directives of CONFIG GET * and those that the file states, and none that are unknown.

The servers listen on free ports of 127.0.0.1, work in a directory of their own, and are stopped by their process id.
"""

import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPLETION = ROOT / "completions" / "ochre-server.bash"
# Words that start a line and are no values of the configuration; the others are given on the command line.
NO_VALUES = {"include", "rename-command", "user"}
GIVEN = {"port", "bind", "dir", "logfile"}
PATIENCE_S = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_reply(stream):
    """A reply of RESP2: text, or a list of texts; an error is None."""
    line = stream.readline()
    kind, rest = line[:1], line[1:].strip()
    if kind == b"*":
        return [read_reply(stream) for _ in range(int(rest))]
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2].decode()
    return None if kind == b"-" else rest.decode()


class Server:
    """A running server and a connection to it."""

    def __init__(self, binary, directory, file):
        self.port = free_port()
        given = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", directory, "--logfile", "log"]
        command = [binary, *([file] if file else []), *given]
        self.process = subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.stream = self.connect()
        except BaseException:
            self.stop()
            raise

    def connect(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                sys.exit("the server ended at its start:\n" + self.process.stdout.read().decode())
            try:
                return socket.create_connection(("127.0.0.1", self.port)).makefile("rwb")
            except ConnectionRefusedError:
                time.sleep(0.05)
        sys.exit("the server does not accept connections")

    def config(self, pattern):
        words = ["CONFIG", "GET", pattern]
        self.stream.write(b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
        self.stream.flush()
        reply = read_reply(self.stream)
        return dict(zip(reply[::2], reply[1::2]))

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def configuration(binary, file, names):
    """All visible values, and those of the hidden directives among `names`."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(binary, directory, file)
        try:
            values = server.config("*")
            hidden = {name: server.config(name).get(name) for name in sorted(names - values.keys())}
        finally:
            server.stop()
    return {name: value for name, value in values.items() if name not in GIVEN}, hidden


def completed():
    """The directives that the completion offers."""
    names = re.search(r"_directives=\((.*?)\)", COMPLETION.read_text(), re.DOTALL)[1]
    return set(names.split()) - NO_VALUES


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: tools/check_conf.py BINARY [CONF]")
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    file = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else ROOT / "ochre.conf").resolve()
    text = file.read_text()
    # A directive starts a line, with at most a `#` and blanks in front of it; prose does not look like that.
    lines = re.findall(r"^(#?) *([a-z][a-z_-]+)(?=[ \n])", text, re.MULTILINE)
    stated = {name for mark, name in lines if not mark} - NO_VALUES
    mentioned = {name for _, name in lines}

    offered = completed()
    bare, hidden_bare = configuration(binary, None, stated | offered)
    read, hidden_read = configuration(binary, str(file), stated | offered)
    complaints = [
        f"{name} is {read.get(name)!r} with the file and {bare.get(name)!r} without"
        for name in sorted(bare.keys() | read.keys())
        if bare.get(name) != read.get(name)
    ]
    complaints += [f"{name} is not in the file" for name in sorted((bare.keys() | GIVEN | offered) - mentioned)]
    for name, value in hidden_bare.items():
        if value is None or value != hidden_read[name]:
            complaints.append(f"{name} is {hidden_read[name]!r} with the file and {value!r} without; None is unknown")
    known = bare.keys() | GIVEN | stated
    complaints += [f"{name} is not in {COMPLETION.name}" for name in sorted(known - offered)]
    for complaint in complaints:
        print(f"{file.name}: {complaint}")
    if complaints:
        sys.exit(1)
    print(f"{file.name}: {len(bare)} directives, all stated, all defaults")


main()
