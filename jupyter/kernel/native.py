"""The two libraries that are loaded into the process that runs cells; see native/.

    target/kernel/native/    the libraries, with `inputs`: what they were compiled from

They take a second to compile and are made by the first kernel that needs them.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).with_name("native")
PRELOAD = "DYLD_INSERT_LIBRARIES" if sys.platform == "darwin" else "LD_PRELOAD"
LIBRARIES = ("preload", "runtime")


class Unavailable(Exception):
    """The libraries cannot be made; the message says why."""


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except FileNotFoundError:
        raise Unavailable(f"`{command[0]}` is not installed") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"`{command[0]}` failed: {error.stderr.strip()}") from None


def reason_not_to_make(folder: Path) -> str:
    """Makes the libraries; returns why that cannot be, or nothing. Its users hold the lock of the build folders."""
    try:
        make(folder)
    except Unavailable as error:
        return str(error)
    return ""


def make(folder: Path) -> None:
    """Compiles the libraries in `folder`, unless they are there."""
    sources = [(SOURCES / name).read_text() for name in ("preload.c", "runtime.rs")]
    rust = _output("rustc", "--print", "target-libdir")
    inputs = "\n".join((_output("rustc", "-vV"), rust, platform.platform(), *sources))
    if (folder / "inputs").exists() and (folder / "inputs").read_text() == inputs:
        return
    folder.mkdir(exist_ok=True)
    preload, runtime = (str(folder / f"{name}.so") for name in LIBRARIES)
    links = ("-ldl", "-lpthread")
    _output("cc", "-O2", "-shared", "-fPIC", "-o", preload, str(SOURCES / "preload.c"), *links)
    # The standard library of the cells, not a copy of its own: what they print is buffered there.
    shared = ("-C", "prefer-dynamic", "-C", f"link-arg=-Wl,-rpath,{rust}")
    missing = ("-C", "link-arg=-Wl,-undefined,dynamic_lookup") if sys.platform == "darwin" else ()
    options = ("--edition", "2024", "-O", "--crate-type", "cdylib", "--crate-name", "runtime", *shared, *missing)
    _output("rustc", *options, "-o", runtime, str(SOURCES / "runtime.rs"))
    (folder / "inputs").write_text(inputs)


def variables(folder: Path, socket: int) -> dict[str, str]:
    """What evcxr gets for its cells' process to load the libraries and to find the launcher's socket."""
    preload, runtime = (str(folder / f"{name}.so") for name in LIBRARIES)
    others = os.environ.get(PRELOAD)
    return {
        "HINGE_PRELOAD": f"{preload}:{others}" if others else preload,
        "HINGE_CELL_LIBRARY": runtime,
        "HINGE_CELL_SOCKET": str(socket),
    }
