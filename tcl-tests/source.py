"""Fetches the pristine upstream Redis 7.0.15 source and lays out trees to run its test suite in.

The tarball comes through Debian's source package, as Debian received it from upstream (its own
patches are a separate file and stay out: they add a test that cannot pass).  It is cached in
`work/`, which git ignores; nothing of it enters this repository.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile

VERSION = "7.0.15"
TARBALL = f"redis_{VERSION}.orig.tar.gz"
SHA256 = "4b1dc4ee6d622a09fff9c6777191209750fb5e5a725ef78ea012d6eef4c22982"
WORK = pathlib.Path(__file__).resolve().parent / "work"

# Programme wanted -> Debian package that brings it.
PROGRAMMES = {
    "tclsh": "tcl",
    "redis-cli": "redis-tools",
    "redis-benchmark": "redis-tools",
    "dpkg-source": "dpkg-dev",
}
SOURCES = pathlib.Path("/etc/apt/sources.list.d")
# Where source packages are, for systems that do not say where their binary ones are in the newer form.
DEB_SRC = SOURCES / "ochre-deb-src.list"
DEB_SRC_TEXT = """\
deb-src http://deb.debian.org/debian bookworm main
deb-src http://deb.debian.org/debian-security bookworm-security main
"""


@contextlib.contextmanager
def locked():
    """Only one run at a time fetches or installs."""
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare():
    """Installs what is missing and returns the path of the verified tarball."""
    with locked():
        missing = sorted({p for exe, p in PROGRAMMES.items() if not shutil.which(exe)})
        if missing:
            apt("update")
            apt("install", "--yes", "--no-install-recommends", *missing)
        path = WORK / TARBALL
        if not path.exists():
            download()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != SHA256:
            path.unlink()
            raise SystemExit(f"{path}: sha256 is {digest}, expected {SHA256}")
        return path


def apt(*args):
    """Runs apt-get without questions; its output goes to stderr."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run(["apt-get", "-qq", *args], check=True, stdout=2, env=env)


def enable_sources():
    """Lets apt know of source packages: where the binary ones are, signed with the same keys."""
    stanzas = [
        stanza.replace("Types: deb\n", "Types: deb-src\n")
        for file in sorted(SOURCES.glob("*.sources"))
        for stanza in file.read_text().split("\n\n")
        if "Types: deb\n" in stanza and "debian.org" in stanza
    ]
    if stanzas:
        DEB_SRC.with_suffix(".sources").write_text("\n\n".join(stanzas))
    else:
        DEB_SRC.write_text(DEB_SRC_TEXT)


def download():
    """Gets the source package's tarball, enabling source packages first when needed."""
    if not source_known():
        enable_sources()
        apt("update")
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "source", "--download-only",
               "--tar-only", "redis"]
    subprocess.run(command, check=True, cwd=WORK, stdout=2)
    if not (WORK / TARBALL).exists():
        raise SystemExit(f"Debian's redis source package no longer holds {TARBALL}")


def source_known():
    """Whether apt already knows source packages of this version."""
    out = subprocess.run(["apt-cache", "showsrc", "redis"], capture_output=True, text=True)
    return TARBALL in out.stdout


# Goes in front of every command that a test sends. Tests that send in a loop are about something else, and some
# of those give up after a time: they wait a hundred times only.
IN_ORDER = """
    if {[info exists ::ochre_unread] && $::ochre_unread ne $id} {
        unset ::ochre_unread
        if {[incr ::ochre_waits($::cur_test)] <= 100} {after 15}
    }
    set waits [expr {$::redis::deferred($id) && $method ni {read rawread channel}}]
    if {$waits || $method in {write flush close}} {
        set ::ochre_unread $id
    }
"""


def keep_order(tree):
    """Lets tests wait before they go on on another connection while a reply was not awaited.

    A server of one thread reads first what was sent first, and some tests count on it: they send a blocking
    command on one connection and at once, on another, what wakes it; or they close a connection and
    at once look at the list of clients.  Between the connections of two workers there is no such order, nor
    does the protocol promise one; later versions of some of these tests wait until the server has read the
    first.
    """
    path = tree / "tests" / "support" / "redis.tcl"
    head = "proc ::redis::__dispatch__raw__ {id method argv} {\n"
    text = path.read_text()
    if text.count(head) != 1:
        raise SystemExit(f"{path}: no place for a wait between connections")
    path.write_text(text.replace(head, head + IN_ORDER))


def lay_out(tarball, into, binary, workers):
    """Unpacks a private tree (runs clean each other's tests/tmp otherwise) around `binary`."""
    into.mkdir(parents=True)
    with tarfile.open(tarball) as tar:
        for member in tar.getmembers():
            top, _, rest = member.name.partition("/")
            if top != f"redis-{VERSION}":
                raise SystemExit(f"unexpected path in {tarball}: {member.name}")
            if rest.split("/")[0] in ("tests", "runtest", "utils", "redis.conf"):
                member.name = rest
                tar.extract(member, into)
    if workers > 1:
        keep_order(into)
    bin_dir = into / "src"
    bin_dir.mkdir()
    for name in ("redis-cli", "redis-benchmark"):
        (bin_dir / name).symlink_to(shutil.which(name))
    is_ochre = is_ochre_binary(binary)
    for name in ("redis-server", "redis-sentinel", "redis-check-aof", "redis-check-rdb"):
        target = binary if is_ochre or name == "redis-server" else shutil.which(name)
        if target:
            (bin_dir / name).symlink_to(target)


def is_ochre_binary(binary):
    """Anything that is not called redis-server is Ochre."""
    return pathlib.Path(binary).name != "redis-server"


def all_units(tarball):
    """The units of the suite, in its own order."""
    with tarfile.open(tarball) as tar:
        text = tar.extractfile(f"redis-{VERSION}/tests/test_helper.tcl").read().decode()
    block = text.split("set ::all_tests {", 1)[1].split("}", 1)[0]
    return block.split()
