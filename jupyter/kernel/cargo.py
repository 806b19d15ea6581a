"""What evcxr gets for `cargo build` and `cargo check` of a cell.

Cargo looks at every dependency for every cell, and unites the features that all of them ask for: a dependency
that a cell adds would change those of the crate, whose hundreds of dependencies were compiled again, and whose
variables were lost. So cargo compiles the crate apart from what cells add, and once it has compiled a cell with
some dependencies, rustc alone compiles the next ones with the same. `cargo check` compiles all dependencies once
more, for minutes; rustc checks a cell against what is compiled already.

    python cargo.py CARGO KEY [--offline] build|check ...    in evcxr's folder

    .cells/KEY/command.json    how rustc compiles a cell with the dependencies that KEY stands for
    .cells/KEY/build           the same as a script, if that is all there is to do
    .cells/cc                  links a cell
    types.json                 the types of a cell's variables, after a check that found no error
"""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

CRATE = re.compile(r"hinge *=")
# With the features that the crate uses, so that cargo need not compile them apart.
SHARED = re.compile(r'(tch|serde_json) *= *"[^"]*"')
HERE = Path.cwd()
CELLS = Path(".cells")
NOTED_CRATE = CELLS / "crate.json"
TYPES = Path("types.json")
SOURCE = Path("src") / "lib.rs"
LIBRARY = "libctx.dylib" if sys.platform == "darwin" else "libctx.so"
# evcxr's code for an analysis hands every variable of a cell to this function ...
STORE = "fn evcxr_variable_store<T: 'static>(_: T) {}"
# ... which here demands a trait that no type has: rustc's errors then name the types.
TRIAL = "trait EvcxrStored {} fn evcxr_variable_store<T: EvcxrStored>(_: T) {}"
FOUND = re.compile(r"the trait bound `(.+): EvcxrStored` is not satisfied", re.S)
# Links a cell on Linux. The linker would read the tables of all symbols of the crate and of libtorch, which takes most
# of its time: instead an empty library of the crate's name says where they are found when the cell is loaded.
LINKER = CELLS / "cc"
LINK = """#!/bin/sh
for word do
    shift
    case $word in
        */libhinge.so) set -- "$@" -Wl,--no-as-needed "${0%/*}/libhinge.so" -Wl,--as-needed ;;
        -ltorch | -ltorch_cpu | -lc10) ;;
        *) set -- "$@" "$word" ;;
    esac
done
exec cc "$@"
"""
EMPTY_CRATE = "cc -shared -nostdlib -Wl,-soname,libhinge.so -x c /dev/null -o"
# Paths as a cell can write them, and types of any length.
IN_FULL = ("-Ztrim-diagnostic-paths=no", "-Zwrite-long-types-to-disk=no")
UNNAMEABLE = re.compile(r"\{|\bimpl\b|(?<!\w)_(?!\w)")


def dependencies(manifest: str) -> list[str]:
    """The lines of evcxr's Cargo.toml that name dependencies; they are its last ones."""
    return manifest.partition("[dependencies]")[2].split("\n")


def is_others_warning(line: str) -> bool:
    """Whether cargo reports a warning of a dependency: evcxr would take it for an error of the cell."""
    if not line.startswith('{"reason":"compiler-message"'):
        return False
    message = json.loads(line)
    return message["target"]["name"] != "ctx" and message["message"]["level"] != "error"


def run(*command: str, folder: Path = HERE) -> tuple[int, list[str], list[str]]:
    """Runs cargo, and passes on what it writes of the cell; returns its status and the lines of both streams."""

    def passed_on(source, target) -> list[str]:
        lines = []
        for line in source:
            lines.append(line)
            if not is_others_warning(line):
                target.write(line)
                target.flush()
        return lines

    # cargo's folders are relative to where evcxr starts it.
    own = {"CARGO_TARGET_DIR": str(HERE / "target"), "CARGO_BUILD_BUILD_DIR": str(HERE / "target")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
    with subprocess.Popen(command, cwd=folder, env=os.environ | own, **pipes) as process, ThreadPoolExecutor(1) as pool:
        stdout = pool.submit(passed_on, process.stdout, sys.stdout)
        stderr = passed_on(process.stderr, sys.stderr)
    return process.returncode, stdout.result(), stderr


def messages(lines: list[str]) -> list[dict]:
    """Those of a compiler's lines that are JSON."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def write_manifest(folder: Path, manifest: str, lines: list[str]) -> None:
    """Makes a package of a cell's code with some of its dependencies, in the versions that are locked."""
    folder.mkdir(exist_ok=True)
    above = manifest.partition("[dependencies]")[0].replace('"src/lib.rs"', '"../src/lib.rs"')
    text = "\n".join((above + "[dependencies]", *lines, ""))
    (folder / "Cargo.toml").write_text(text)
    if Path("Cargo.lock").exists():
        (folder / "Cargo.lock").write_bytes(Path("Cargo.lock").read_bytes())


def as_compiled(stderr: list[str]) -> tuple[dict[str, str], list[str]] | None:
    """The variables and words with which cargo, told to be verbose, ran rustc for the cell."""
    for line in reversed(stderr):
        if found := re.match(r"\s*Running `(.*)`$", line):
            words = shlex.split(found[1])
            program = next(index for index, word in enumerate(words) if "=" not in word.partition("/")[0])
            if words[program + 1 : program + 3] == ["--crate-name", "ctx"]:
                return dict(word.split("=", 1) for word in words[:program]), words[program + 1 :]
    return None


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def in_shell(word: str) -> str:
    """A word for the shell, wherever evcxr's folder lies: kernels get a copy of it."""
    return "'" + word.replace("'", r"'\''").replace(str(HERE), "'\"$PWD\"'") + "'"


def with_own_linker(words: list[str]) -> list[str]:
    """Makes the linker of cells; returns the words with it, or as they are if they name another."""
    if sys.platform != "linux" or any("linker=" in word for word in words):
        return words
    CELLS.mkdir(exist_ok=True)
    LINKER.write_text(LINK)
    LINKER.chmod(0o755)
    subprocess.run([*EMPTY_CRATE.split(), str(CELLS / "libhinge.so")], check=True)
    return [*words, f"-Clinker={HERE / LINKER}"]


def record(key: str, variables: dict[str, str], words: list[str], is_all: bool) -> None:
    """Notes how rustc compiles a cell, and whether that is all there is to do for the next one."""
    words = with_own_linker([str(SOURCE) if word.endswith(str(SOURCE)) else word for word in words])
    folder = CELLS / key
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([variables, words]).replace(str(HERE), "$PWD")
    (folder / "command.json").write_text(text)
    if not is_all:
        return
    library = str(Path(option(words, "--out-dir")) / LIBRARY)
    exports = "".join(f"export {name}={in_shell(value)}\n" for name, value in variables.items())
    script = (
        f'{exports}"$RUSTC" {" ".join(map(in_shell, words))} || exit\n'
        f'printf %s {in_shell(library)} >"$EVCXR_EXECUTION_SO_PATH"\n'
    )
    new = folder / "build.new"
    new.write_text(script)
    new.replace(folder / "build")


def build(cargo: str, key: str, words: list[str]) -> int:
    """Compiles a cell, by cargo; returns the exit status."""
    manifest = Path("Cargo.toml").read_text()
    lines = [line for line in dependencies(manifest) if line.strip()]
    crate = [line for line in lines if CRATE.match(line)]
    added = [line for line in lines if line not in crate]
    options = [word for word in words if word not in ("build", "check")]
    # Cargo must see for itself whether the sources of other local packages have changed.
    is_all = not any("path" in line for line in added)
    if crate and not all(map(SHARED.fullmatch, added)):
        # The sources of the crate are those that it was compiled from: the launcher sees to that.
        if not (linked := noted_crate(crate)):
            write_manifest(HERE / "crate", manifest, crate)
            status, stdout, _ = run(cargo, "build", *options, "--package", "hinge", folder=HERE / "crate")
            if status:
                return status
            linked = linked_crate(messages(stdout))
            note_crate(crate, linked)
        write_manifest(HERE / "added", manifest, added)
        status, _, stderr = run(cargo, "rustc", "-vv", *options, "--", *linked, folder=HERE / "added")
    else:
        status, _, stderr = run(cargo, "build", "-vv", *options)
    if status == 0 and (found := as_compiled(stderr)):
        record(key, *found, is_all)
        if crate and not added:
            pairs = pairwise(found[1])
            linked = [
                pair for pair in pairs if pair[0] == "-L" or (pair[0] == "--extern" and pair[1].startswith("hinge="))
            ]
            note_crate(crate, [word for pair in linked for word in pair])
    return status


def note_crate(lines: list[str], linked: list[str]) -> None:
    """Notes how rustc is told of the crate that the lines of a manifest ask for."""
    CELLS.mkdir(exist_ok=True)
    NOTED_CRATE.write_text(json.dumps([lines, linked]).replace(str(HERE), "$PWD"))


def noted_crate(lines: list[str]) -> list[str]:
    """What was noted of it; nothing if it is not compiled."""
    with contextlib.suppress(FileNotFoundError):
        noted, linked = json.loads(NOTED_CRATE.read_text().replace("$PWD", str(HERE)))
        if noted == lines:
            return linked
    return []


def linked_crate(built: list[dict]) -> list[str]:
    """What rustc is told of the crate, which is none of the package's dependencies."""
    words = []
    for message in built:
        if message["reason"] == "build-script-executed":
            words += [word for path in message["linked_paths"] for word in ("-L", path)]
        elif message["reason"] == "compiler-artifact" and message["target"]["name"] == "hinge":
            libraries = [name for name in message["filenames"] if name.endswith((".rlib", ".so", ".dylib"))]
            words += [word for name in libraries for word in ("--extern", f"hinge={name}")]
            words += ["-L", f"dependency={Path(libraries[0]).parent}"]
    return words


def check(cargo: str, key: str, words: list[str]) -> int:
    """Looks for errors in a cell, and names its variables' types if there are none; returns the exit status."""
    TYPES.unlink(missing_ok=True)
    # A cell can have a `Result` of its own.
    SOURCE.write_text(SOURCE.read_text().replace(" -> Result<(), Evcxr", " -> std::result::Result<(), Evcxr"))
    folder = CELLS / key
    if not (folder / "build").exists() and (status := build(cargo, key, words)):
        return status
    try:
        recorded = (folder / "command.json").read_text().replace("$PWD", str(HERE))
    except FileNotFoundError:
        return 0
    variables, words = json.loads(recorded)
    trial = SOURCE.with_name("trial.rs")
    trial.write_text(SOURCE.read_text().replace(STORE, TRIAL))
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(rustc, variables | {"RUSTC_BOOTSTRAP": "1"}, words, trial, IN_FULL)
        checked = rustc(variables, words, SOURCE)
        sys.stderr.write(checked.stderr)
        if checked.returncode == 0:
            TYPES.write_text(json.dumps(named_types(found.result().stderr)))
    return checked.returncode


def rustc(variables: dict[str, str], words: list[str], source: Path, more=()) -> subprocess.CompletedProcess:
    """Checks the code in a file as `words` compile it."""
    out = CELLS / source.stem
    out.mkdir(exist_ok=True)
    others = {str(SOURCE): str(source), option(words, "--out-dir"): str(out)}
    command = [os.environ["RUSTC"]]
    for word in words:
        if word.startswith("incremental="):
            command.pop()  # its -C
        elif not word.startswith("--emit="):
            command.append(others.get(word, word))
    command += ["--emit=metadata", *more]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, encoding="utf-8")


def named_types(stderr: str) -> dict[str, str]:
    """Of rustc's errors in the trial: variables and the types they have, as far as a cell can write them."""
    types = {}
    for message in messages(stderr.splitlines()):
        for span in message.get("spans", ()):
            if span["is_primary"] and (found := FOUND.fullmatch(message["message"])):
                line = span["text"][0]
                name = line["text"][line["highlight_start"] - 1 : line["highlight_end"] - 1]
                type = found[1].replace("{integer}", "i32").replace("{float}", "f64")
                if not UNNAMEABLE.search(type):
                    types[name] = type
    return types


if __name__ == "__main__":
    cargo, key, *words = sys.argv[1:]
    sys.exit((check if "check" in words else build)(cargo, key, words))
