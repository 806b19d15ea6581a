"""Commands that see less of the machine than we do: no network, or a folder that cannot be written to.

Linux lets users have that in namespaces of their own, unless a container or the administrator forbids it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# A new network namespace has nothing but a loopback interface, which is down; a kernel needs it.
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
os.execvp(sys.argv[1], sys.argv[1:])
"""
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def without_network(*command: object) -> list[str]:
    """The command, with no network but loopback; skips the test where that cannot be had."""
    return [*unshare("-rn", "the network cannot be cut off"), sys.executable, "-c", LOOPBACK_UP, *map(str, command)]


def read_only(folder: Path, *command: object) -> list[str]:
    """The command, to which a folder is read-only; skips the test where that cannot be had."""
    return [
        *unshare("-rm", "a folder cannot be made read-only"),
        "sh",
        "-c",
        READ_ONLY,
        str(folder),
        *map(str, command),
    ]


def unshare(options: str, otherwise: str) -> list[str]:
    """How a command gets namespaces of its own; `otherwise` says what is not possible without."""
    program = shutil.which("unshare")
    if not program:
        pytest.skip(f"{otherwise}: there is no unshare, which Linux has")
    trial = subprocess.run([program, options, "true"], capture_output=True, text=True)
    if trial.returncode:
        pytest.skip(f"{otherwise}: namespaces are not permitted here ({trial.stderr.strip()})")
    return [program, options]
