"""evcxr's build folders: one warm folder and, for every live kernel, a private copy of it.

evcxr compiles all dependencies of a notebook into the folder it is given. A folder that was used
before spares those minutes, but two kernels in one folder break each other. So set-up warms one
folder, and every kernel gets a copy: hard links for what cargo never writes again (artefacts of
registry crates), real copies for the rest.

    target/kernel/lock         held while the folders below are made, replaced or removed
    target/kernel/warm/        the warm folder, with `inputs.json`: what it was compiled from
    target/kernel/run/*/       one per live kernel: `lock` (held while it lives), `evcxr/`, `.cargo/`, and `toolchain/`,
                               what evcxr takes for the Rust toolchain, see toolchain.py
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from kernel import native, toolchain

ROOT = Path(__file__).resolve().parents[2]


def kernel_folder(project: Path) -> Path:
    """Where the build folders of a project are: in target/kernel, if evcxr can run cells from there.

    It cannot from a path with spaces; the folder then is one of the user's own below /tmp.
    """
    if not any(map(str.isspace, str(project))):
        return project / "target" / "kernel"
    name = hashlib.sha256(str(project).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hinge-{os.getuid()}-{name}"


KERNEL = kernel_folder(ROOT)
INPUTS = "inputs.json"
FLAGS = Path(".cargo") / "config.toml"
# Cells call the crate, which is optimised. To optimise them too would take a third of a second each.
UNOPTIMISED_CELLS = "\n[profile.dev.package.ctx]\nopt-level = 0\n"
CHANGED = "the crate's sources have changed since this kernel ran its first cell: restart the kernel to use them"
# Cargo compiles these again in place, so their artefacts are never shared.
LOCAL_CRATES = ("hinge", "libhinge", "ctx", "libctx")
# Smaller files are copied: dep-info, build script outputs and lock files are among them.
LINK_FROM_BYTES = 16 * 1024


@contextlib.contextmanager
def locked(path: Path, waiting: str = ""):
    """Holds the file `path` exclusively; other processes wait for it, and say so if they have the words."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise PermissionError(errno.EPERM, "the folder belongs to another user", str(path.parent))
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                print(waiting, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(*paths: Path) -> str:
    """SHA-256 over the names and contents of the given files."""
    sha = hashlib.sha256()
    for path in sorted(paths):
        sha.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        sha.update(path.read_bytes())
    return sha.hexdigest()


def crate_sources() -> str:
    """Digest of everything that is compiled into the crate."""
    crate = ROOT / "crate"
    outside = {crate / name for name in ("tests", "examples", "fuzz")}
    # Editors keep files of other endings beside the sources while these are open.
    files = (path for path in crate.rglob("*.*") if path.suffix in (".rs", ".json", ".toml", ".map"))
    compiled = (path for path in files if not outside & set(path.parents) and path.name[0] != ".")
    return digest(*compiled, ROOT / "data" / "manifest.json")


def current_inputs() -> dict[str, str]:
    """What a folder that is warmed now would be compiled from."""
    rustc = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True)
    return {
        "rustc": rustc.stdout,
        "evcxr": f"{Path(os.environ['EVCXR_JUPYTER']).stat().st_size} bytes",
        "libtorch": os.environ["LIBTORCH"],
        "dependencies": digest(ROOT / "Cargo.lock", ROOT / "crate" / "Cargo.toml", ROOT / FLAGS),
        "sources": f"{ROOT} {crate_sources()}",
        "cells": digest(*(ROOT / "jupyter" / "kernel" / name for name in ("cargo.py", "toolchain.py"))),
    }


def warm_inputs(kernel: Path = KERNEL) -> dict[str, str]:
    """What the warm folder was compiled from; empty when there is none."""
    try:
        return json.loads((kernel / "warm" / INPUTS).read_text())
    except (FileNotFoundError, ValueError):
        return {}


def is_of_registry(file: Path) -> bool:
    """Whether a file, its path relative to a build folder, is what cargo made of a registry crate."""
    for above, unit in pairwise(file.parts):
        if above in ("deps", "build", ".fingerprint"):
            return unit.split("-")[0].split(".")[0] not in LOCAL_CRATES
    return False


def is_shared(file: Path) -> bool:
    """Whether the copies of a file in a build folder may be hard links: a registry crate's artefact."""
    return is_of_registry(file) and ".fingerprint" not in file.parts


def copy_tree(source: Path, target: Path, links: bool, wanted: Callable[[Path], bool] = lambda _: True) -> None:
    """Copies the wanted files of a build folder that are not there, with their modification times.

    Shared files are hard links, if links are wanted.
    """
    for folder, _, names in os.walk(source):
        relative = Path(folder).relative_to(source)
        (target / relative).mkdir(parents=True, exist_ok=True)
        for file in (relative / name for name in names):
            original, copy = source / file, target / file
            if not wanted(file) or copy.exists():
                continue
            if links and is_shared(file) and original.stat().st_size >= LINK_FROM_BYTES:
                try:
                    os.link(original, copy)
                    continue
                except OSError as error:
                    if error.errno == errno.ENOSPC:
                        raise
                    links = False
                    print(f"{target}: no hard links here ({error.strerror}), copying", file=sys.stderr)
            shutil.copy2(original, copy)


def lend(target: Path, kernel: Path = KERNEL) -> None:
    """Copies what the warm folder has of registry crates to cargo's own build folder, unless it is there.

    Cargo takes it for its own where features and flags are the same; .cargo/config.toml has those of the kernels.
    """
    with locked(kernel / "lock"):
        copy_tree(kernel / "warm" / "target", target, links=False, wanted=is_of_registry)


def forget_local_crates(folder: Path) -> None:
    """Makes cargo compile the crate again, also when a changed source is not newer."""
    shutil.rmtree(folder / ".cells", ignore_errors=True)
    for fingerprint in folder.glob("target/*/debug/.fingerprint/*"):
        if fingerprint.name.rsplit("-", 1)[0] in LOCAL_CRATES:
            shutil.rmtree(fingerprint)


def seed(folder: Path, kernel: Path = KERNEL) -> str | None:
    """Fills a new build folder from the warm one, or with the lock file alone.

    Returns why dependencies will be compiled in it, or None when they will not.
    """
    warm, now = warm_inputs(kernel), current_inputs()
    if now["rustc"] != warm.get("rustc"):
        folder.mkdir()
        shutil.copy2(ROOT / "Cargo.lock", folder)
        return "its build folder is not prepared for this compiler"
    changed = [name for name in now if now[name] != warm.get(name)]
    stale = [name for name in changed if name not in ("sources", "cells")]
    # A stale folder's dependencies may be compiled again in place, which must not reach the others.
    copy_tree(kernel / "warm", folder, links=not stale)
    if changed:
        forget_local_crates(folder)
    if stale:
        shutil.copy2(ROOT / "Cargo.lock", folder)
        return f"its build folder is out of date ({', '.join(stale)} changed)"
    return None


def remove_dead(run: Path) -> None:
    """Removes the folders of kernels that no longer live: nobody holds their locks."""
    for folder in run.iterdir():
        with contextlib.suppress(BlockingIOError, FileNotFoundError), open(folder / "lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)


class PrivateFolder:
    """The folder of one live kernel.

    `evcxr` in it is the build folder, `lock` says that it lives, `compiles` why the first cell will
    compile dependencies (None: it will not), and `toolchain` holds variables that evcxr is to get.
    `without_libraries` says why there are no libraries for the process that runs cells, or nothing.
    """

    def __init__(self, kernel: Path = KERNEL):
        """Removes the folders of dead kernels and makes a new one. OSError: the disk is full, ..."""
        run = kernel / "run"
        with locked(kernel / "lock"):
            run.mkdir(exist_ok=True)
            remove_dead(run)
            self.without_libraries = native.reason_not_to_make(kernel / "native")
            self.path = Path(tempfile.mkdtemp(dir=run))
            self.evcxr = self.path / "evcxr"
            self.lock = open(self.path / "lock", "a")  # noqa: SIM115  held while the kernel lives
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            try:
                self.toolchain = toolchain.make(self.path / "toolchain")
                self.compiles = seed(self.evcxr, kernel)
                (self.path / ".cargo").mkdir()
                # The project's flags, as this folder need not lie in the project.
                flags = (ROOT / FLAGS).read_text() + UNOPTIMISED_CELLS
                (self.path / ".cargo" / "config.toml").write_text(flags)
            except BaseException:
                shutil.rmtree(self.path, ignore_errors=True)
                raise
        self.versions = (self.evcxr / "Cargo.lock").read_bytes()
        self.sources: str | None = None  # of the crate, when the first cell ran

    def before_cell(self) -> str:
        """Makes ready for a cell; returns why it cannot run, or nothing.

        The crate is one library for all cells of a kernel. A cell compiled for another version of it would
        run with the code that is loaded, on data of another shape.
        """
        self._pin_versions()
        try:
            sources = crate_sources()
        except FileNotFoundError:  # an editor is replacing one
            return CHANGED
        self.sources = self.sources or sources
        return "" if sources == self.sources else CHANGED

    def types(self) -> dict[str, str]:
        """The types of the variables of the cell that evcxr has checked; see cargo.py."""
        try:
            return json.loads((self.evcxr / "types.json").read_text())
        except FileNotFoundError:
            return {}

    def show_values_by_evcxr(self) -> None:
        """Leaves it to evcxr how values are shown; see values.rs."""
        mark = self.evcxr / toolchain.OWN_FORMAT
        mark.parent.mkdir(exist_ok=True)
        mark.touch()

    def _pin_versions(self) -> None:
        """Restores the lock file, which evcxr empties whenever it compiles without the crate."""
        lock = self.evcxr / "Cargo.lock"
        if b'name = "hinge"' not in lock.read_bytes():
            lock.write_bytes(self.versions)


def remove_old_sessions(folder: Path) -> None:
    """Keeps each local crate's newest incremental session only: every kernel copies them."""
    for crate in LOCAL_CRATES:
        entries = list(folder.glob(f"target/*/debug/incremental/{crate}-*/s-*"))
        # s-TIME-RANDOM-HASH/ with s-TIME-RANDOM.lock; unfinished ones end in "-working".
        finished = [entry.name for entry in entries if entry.is_dir() and not entry.name.endswith("-working")]
        newest = max(finished, default="")
        for entry in entries:
            if not newest.startswith(entry.stem):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def publish(folder: Path, inputs: dict[str, str], kernel: Path = KERNEL) -> None:
    """Makes a build folder that was compiled from `inputs` the warm one."""
    for product in folder.glob("target/*/debug/**/libcode_*"):
        product.unlink()
    remove_old_sessions(folder)
    (folder / INPUTS).write_text(json.dumps(inputs, indent=2))
    warm, old = kernel / "warm", kernel / "old"
    with locked(kernel / "lock"):
        shutil.rmtree(old, ignore_errors=True)
        if warm.exists():
            warm.rename(old)
        folder.rename(warm)
    shutil.rmtree(old, ignore_errors=True)
