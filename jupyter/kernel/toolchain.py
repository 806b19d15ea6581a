"""The Rust toolchain that evcxr gets: the real one, of which rust-analyzer sees less, and that keeps versions.

At every start, and again with the first cell, evcxr has rust-analyzer read the sources of the standard
library and of all dependencies, to find the types of variables: 100 MB, for 10 s and 1.4 GB of memory.
It needs them of the crates that a cell can name, and of core, alloc and std. So this toolchain's
`cargo metadata`, when rust-analyzer asks, leaves out the dependencies of dependencies, and the path of
the standard library leads to those three. Compiling is not affected.

A dependency that a cell asks for is first tried by evcxr alone, in a package of that name, and cargo then drops the
versions of all others from the lock file, which would be compiled again in their newest ones. So it gets them back.

    python toolchain.py < METADATA    leaves out the dependencies of dependencies
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARIES = ("core", "alloc", "std")
# rust-analyzer asks for one platform, evcxr and people for all; it lists the sysroot apart.
CARGO = """#!/bin/sh
case "$*" in
    *rustlib/src/rust*) ;;
    metadata*--filter-platform*) {cargo} "$@" | {filter}; exit ;;
    *metadata*)
        if [ -f Cargo.lock ] && grep -q evcxr_dummy_validate_dep Cargo.toml; then
            cp -p Cargo.lock Cargo.lock.kept
            {cargo} "$@"
            status=$?
            mv Cargo.lock.kept Cargo.lock
            exit $status
        fi ;;
esac
exec {cargo} "$@"
"""


def direct_dependencies(metadata: dict) -> dict:
    """The output of `cargo metadata`, with the workspace and its direct dependencies only."""
    resolve = metadata["resolve"]
    if not resolve:  # --no-deps
        return metadata
    nodes = {node["id"]: node for node in resolve["nodes"]}
    members = metadata["workspace_members"]
    kept = set(members).union(*(nodes[member]["dependencies"] for member in members))
    packages = [package for package in metadata["packages"] if package["id"] in kept]
    pruned = [
        node
        | {
            "deps": [dependency for dependency in node["deps"] if dependency["pkg"] in kept],
            "dependencies": [package for package in node["dependencies"] if package in kept],
        }
        for node in (nodes[package["id"]] for package in packages)
    ]
    return metadata | {"packages": packages, "resolve": resolve | {"nodes": pruned}}


def sysroot() -> Path:
    """The folder of the real toolchain. CalledProcessError: rustc does not run."""
    command = ["rustc", "--print", "sysroot"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def make(folder: Path) -> dict[str, str]:
    """Makes the toolchain in `folder`, unless it is there; returns the variables that select it."""
    real = sysroot()
    cargo = real / "bin" / "cargo"
    # Without rustup, cargo can be elsewhere.
    cargo = str(cargo if cargo.exists() else shutil.which("cargo"))
    this = shlex.join((sys.executable, "-S", os.path.abspath(__file__)))
    script = CARGO.format(cargo=shlex.quote(cargo), filter=this)
    if not is_made(folder, real, script):
        shutil.rmtree(folder, ignore_errors=True)
        link(folder, real)
        (folder / "bin" / "cargo").write_text(script)
        (folder / "bin" / "cargo").chmod(0o755)
    # rustup looks at the first; where there is no rustup, rust-analyzer at the second.
    return {
        "RUSTUP_TOOLCHAIN": str(folder),
        "CARGO": str(folder / "bin" / "cargo"),
        "RUST_SRC_PATH": str(folder / "library"),
    }


def is_made(folder: Path, real: Path, script: str) -> bool:
    try:
        return (folder / "lib").readlink() == real / "lib" and (folder / "bin" / "cargo").read_text() == script
    except OSError:
        return False


def link(folder: Path, real: Path) -> None:
    """Links what belongs to the toolchain, and of the standard library's sources what is wanted."""
    (folder / "bin").mkdir(parents=True)
    (folder / "library").mkdir()
    (folder / "lib").symlink_to(real / "lib")
    for program in ("rustc", "rustdoc", "rustfmt"):
        (folder / "bin" / program).symlink_to(real / "bin" / program)
    for name in LIBRARIES:
        sources = real / "lib" / "rustlib" / "src" / "rust" / "library" / name
        if sources.exists():
            (folder / "library" / name).symlink_to(sources)
        else:
            # Without rust-src: else rust-analyzer would download it at every start.
            (folder / "library" / name).mkdir()


if __name__ == "__main__":
    json.dump(direct_dependencies(json.load(sys.stdin)), sys.stdout)
