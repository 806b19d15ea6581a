"""Starts a Rust kernel: evcxr in a private copy of the warm build folder, behind the proxy.

    python jupyter/kernel CONNECTION_FILE

Jupyter starts it through the kernelspec `rust`, which sets EVCXR_JUPYTER, LIBTORCH and the library
path. It ends when evcxr or its parent ends; a reaper, which outlives even its kill, then ends evcxr
and removes the folder.
"""

import contextlib
import errno
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import zmq

from kernel import native
from kernel.edits import Edits
from kernel.folder import KERNEL, PrivateFolder
from kernel.proxy import Proxy

START_SECONDS = 60
# Reads process groups until this process is gone, then ends the last one and removes the folder.
REAPER = """
trap '' HUP INT TERM
while read -r line; do group=$line; done
[ -z "$group" ] || kill -KILL "-$group"
rm -rf "$0" || { sleep 1; rm -rf "$0"; }
"""
# Tells the reaper its process group before it becomes evcxr, so that no evcxr is unknown to it.
# macOS takes the variable away from /bin/sh, so that the shell sets it.
ANNOUNCED = f"""
echo $$ >&0
[ -z "$HINGE_PRELOAD" ] || export {native.PRELOAD}="$HINGE_PRELOAD"
exec "$0" "$@" </dev/null
"""
# Six ports each, below the ports that systems give out by themselves.
PORT_BLOCKS = range(20_000, 32_000, 6)
NOTICE = (
    "This start compiles the dependencies, which takes several minutes, as {reason}. "
    "`make kernel` compiles them once for all kernels.\n"
)
WITHOUT_LIBRARIES = (
    "This kernel runs without its libraries ({reason}): printed lines can be lost, a panic is no error, and an "
    "interrupt ends the process with all variables.\n"
)


class Failed(Exception):
    """The kernel cannot start; the message is a sentence for the user."""


def is_free(port: int) -> bool:
    """Whether a program could listen on a port now."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def reserve_ports() -> tuple[socket.socket, list[int]]:
    """Five free ports and the socket to be kept open meanwhile: no other kernel takes them."""
    for first in random.sample(PORT_BLOCKS, len(PORT_BLOCKS)):
        claim, ports = socket.socket(), list(range(first + 1, first + 6))
        with contextlib.suppress(OSError):
            claim.bind(("127.0.0.1", first))
            if all(map(is_free, ports)):
                return claim, ports
        claim.close()
    raise Failed("no free ports on 127.0.0.1 between 20000 and 32000: end other programs there")


class Evcxr:
    """evcxr in a process group of its own, which the reaper ends. Its cells' process reports to `socket`."""

    def __init__(self, folder: PrivateFolder, key: str, scheme: str, socket: socket.socket):
        self.folder, self.socket = folder, socket
        self.secret = {"key": key, "signature_scheme": scheme}
        self.reaper = subprocess.Popen(
            ["/bin/sh", "-c", REAPER, str(folder.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[folder.lock.fileno()],
        )

    def start(self) -> dict:
        """Starts it (again), on new ports; returns its connection."""
        self.claim, self.ports = reserve_ports()
        names = ("shell_port", "control_port", "stdin_port", "iopub_port", "hb_port")
        connection = {"transport": "tcp", "ip": "127.0.0.1"} | self.secret
        connection |= dict(zip(names, self.ports, strict=False))
        file = self.folder.path / "connection.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(connection))
        # JUPYTER_PATH: else evcxr updates a kernelspec of its own in the user's home.
        own = {"EVCXR_TMPDIR": str(self.folder.evcxr), "JUPYTER_PATH": str(self.folder.path)}
        if not self.folder.without_libraries:
            own |= native.variables(KERNEL / "native", self.socket.fileno())
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", ANNOUNCED, os.environ["EVCXR_JUPYTER"], "--control_file", str(file)],
            stdin=self.reaper.stdin,
            env=os.environ | self.folder.toolchain | own,
            start_new_session=True,
            pass_fds=[self.socket.fileno()],
        )
        return connection

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> None:
        """Ends evcxr, its cell and compilers, and removes the folder."""
        self.reaper.stdin.close()
        self.reaper.wait()


def start(evcxr: Evcxr, proxy: Proxy) -> None:
    """Starts evcxr and connects the proxy; again if another program has taken its ports."""
    limit = time.monotonic() + START_SECONDS
    while True:
        proxy.connect(evcxr.start())
        while not evcxr.has_ended():
            if proxy.answers():
                return
            if time.monotonic() > limit:
                raise Failed(f"evcxr did not answer within {START_SECONDS} s of its start")
        evcxr.claim.close()
        if all(map(is_free, evcxr.ports)):
            raise Failed(f"evcxr ended at once, with exit code {evcxr.process.returncode}")


def parent_to_end_with() -> int | None:
    """The process that started this one, if the kernel is to end with it: Jupyter then sets JPY_PARENT_PID."""
    jupyter, parent = os.environ.get("JPY_PARENT_PID"), os.getppid()
    if not jupyter:
        return None
    # Who has lost its parent already belongs to process 1.
    return int(jupyter) if parent == 1 else parent


def serve(evcxr: Evcxr, proxy: Proxy, parent: int | None) -> None:
    """Passes messages on until Jupyter ends the kernel, or evcxr or Jupyter is gone."""
    signal.signal(signal.SIGINT, lambda *_: proxy.interrupt())
    while not proxy.shut_down and not evcxr.has_ended() and parent in (None, os.getppid()):
        proxy.step(500)


def private_folder() -> PrivateFolder:
    """A private folder; without space for it, or without rights, a sentence."""
    try:
        return PrivateFolder()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise Failed(f"the kernel's build folder cannot be made: {error}") from None
        raise Failed(
            "the disk is full: the kernel's build folder in target/kernel/run was not made; "
            "free some space, or run `make clean`"
        ) from None


def run(connection_file: str) -> None:
    """Runs a kernel on the addresses of a connection file until it is shut down."""
    parent = parent_to_end_with()  # now: to start takes seconds, in which it may end
    connection = json.loads(Path(connection_file).read_text())
    try:
        proxy = Proxy(connection)
    except zmq.ZMQError as error:
        raise Failed(f"an address of {connection_file} cannot be bound: {error}") from None
    folder = private_folder()
    scheme = connection.get("signature_scheme", "hmac-sha256")
    evcxr = Evcxr(folder, connection["key"], scheme, proxy.cell.theirs)
    try:
        start(evcxr, proxy)
        notice = NOTICE.format(reason=folder.compiles) if folder.compiles else ""
        if not proxy.cell.reported:
            notice += WITHOUT_LIBRARIES.format(reason=folder.without_libraries or "evcxr did not load them")
        proxy.start(Edits(folder), notice, evcxr.process.pid, folder.evcxr / "src" / "lib.rs")
        serve(evcxr, proxy, parent)
    finally:
        proxy.close()
        evcxr.end()
    if evcxr.has_ended() and not proxy.shut_down:
        raise Failed(f"evcxr ended with exit code {evcxr.process.returncode}")


def main() -> None:
    # Not SIG_IGN, which what a cell starts would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        run(sys.argv[1])
    except Failed as failure:
        sys.exit(f"The Rust kernel cannot run: {failure}.")
