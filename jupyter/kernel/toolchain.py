"""The Rust toolchain that evcxr gets: the real one, of which rust-analyzer sees less, and that keeps versions.

At every start, and again with the first cell, evcxr has rust-analyzer read the sources of the standard
library and of all dependencies, to find the types of variables: 100 MB, for 10 s and 1.4 GB of memory.
It needs them of the crates that a cell can name, and of core, alloc and std. So this toolchain's
`cargo metadata`, when rust-analyzer asks, leaves out the dependencies of dependencies, and the path of
the standard library leads to those three. Compiling is not affected.

A dependency that a cell asks for is first tried by evcxr alone, in a package of that name, and cargo then drops the
versions of all others from the lock file, which would be compiled again in their newest ones. So it gets them back.

    python toolchain.py < METADATA    leaves out what a cell cannot name
"""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARIES = ("core", "alloc", "std")
SOURCES = Path("lib") / "rustlib" / "src" / "rust" / "library"
# What the crate re-exports, and where polars has its types from.
REEXPORTED = ("plotters", "polars", "polars-core", "polars-error", "serde_json", "tch")
VALUES = HERE / "values.rs"
# In evcxr's folder: how evcxr shows values has been changed.
OWN_FORMAT = Path(".cells") / "format"
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
    *build*|*check*)
        if [ -n "$EVCXR_CORE_EXTERN" ]; then
            key=$(echo "$RUSTFLAGS $RUSTC_WRAPPER" | cksum Cargo.toml - |
                while read -r sum size _; do printf -- -%s $sum $size; done)
            case "$*" in
                *build*)
                    if [ -f ".cells/$key/build" ]; then
                        [ -f {format} ] || cat {values} >>src/lib.rs
                        exec sh ".cells/$key/build"
                    fi ;;
            esac
            exec {compile} {cargo} "$key" "$@"
        fi ;;
esac
exec {cargo} "$@"
"""


def nameable(metadata: dict) -> dict:
    """The output of `cargo metadata`, with what a cell can name: direct dependencies, and what the crate re-exports."""
    resolve = metadata["resolve"]
    if not resolve:  # --no-deps
        return metadata
    nodes = {node["id"]: node for node in resolve["nodes"]}
    members = metadata["workspace_members"]
    kept = set(members).union(*(nodes[member]["dependencies"] for member in members))
    kept |= {package["id"] for package in metadata["packages"] if package["name"] in REEXPORTED}
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


def has_sources(real: Path) -> bool:
    """Whether a toolchain has the sources of the standard library."""
    return (real / SOURCES / "core").exists()


def make(folder: Path) -> dict[str, str]:
    """Makes the toolchain in `folder`, which is new; returns the variables that select it."""
    real = sysroot()
    cargo = real / "bin" / "cargo"
    # Without rustup, cargo can be elsewhere.
    cargo = str(cargo if cargo.exists() else shutil.which("cargo"))
    filtered, compiled = ((sys.executable, "-S", "-E", str(HERE / name)) for name in ("toolchain.py", "cargo.py"))
    script = CARGO.format(
        cargo=shlex.quote(cargo),
        filter=shlex.join(filtered),
        compile=shlex.join(compiled),
        format=OWN_FORMAT,
        values=shlex.quote(str(VALUES)),
    )
    link(folder, real)
    (folder / "bin" / "cargo").write_text(script)
    (folder / "bin" / "cargo").chmod(0o755)
    # rustup looks at the first; where there is no rustup, rust-analyzer at the second.
    return {
        "RUSTUP_TOOLCHAIN": str(folder),
        "CARGO": str(folder / "bin" / "cargo"),
        "RUST_SRC_PATH": str(folder / "library"),
    }


def link(folder: Path, real: Path) -> None:
    """Links what belongs to the toolchain, and of the standard library's sources what is wanted."""
    (folder / "bin").mkdir(parents=True)
    (folder / "library").mkdir()
    (folder / "lib").symlink_to(real / "lib")
    for program in ("rustc", "rustdoc", "rustfmt"):
        (folder / "bin" / program).symlink_to(real / "bin" / program)
    for name in LIBRARIES:
        if has_sources(real):
            (folder / "library" / name).symlink_to(real / SOURCES / name)
        else:
            # Else rust-analyzer would download them at every start.
            (folder / "library" / name).mkdir()


if __name__ == "__main__":
    json.dump(nameable(json.load(sys.stdin)), sys.stdout)
