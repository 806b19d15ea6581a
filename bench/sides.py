"""The programs that do the benchmark's work, each a process that waits for workloads."""

import functools
import json
import os
import re
import subprocess
import time
from pathlib import Path

import psutil

from setup import environment
from setup.environment import ROOT, Missing
from workloads import SIDES, Kind, Side, Workload

HERE = Path(__file__).resolve().parent
VENV = ROOT / "target" / "bench-venv"
DIGITS = ROOT / "target" / "bench-digits"
FIRST_EPOCH = Workload(Kind.LINEAR_SVM, epochs=1, round_seconds=0)


class Process:
    """A side that waits for work; `ready` is how many seconds after its start."""

    def __init__(self, side: Side):
        self.side, self.start = side, time.perf_counter()
        self.process = subprocess.Popen(
            command(side), cwd=ROOT, env=variables(side), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.versions = self.answer()
        self.ready = time.perf_counter() - self.start
        self.threads = self.versions.pop("threads")

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait()

    def work(self, workload: Workload) -> dict:
        """Does a workload: its seconds, and what else the side knows of it."""
        self.process.stdin.write(workload.to_json() + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict:
        """Its next answer; progress lines are skipped."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise Missing(f"{SIDES[self.side]}: expected an answer, but the process ended; the reason is above.")

    def memory(self) -> int | None:
        """The peak of its resident memory and its children's so far, in bytes; None where Linux's /proc is missing."""
        process = psutil.Process(self.process.pid)
        try:
            return sum(high_water(each.pid) for each in (process, *process.children(recursive=True)))
        except OSError:
            return None


def high_water(pid: int) -> int:
    """The peak of a process's resident memory in bytes; 0 for one that has just ended."""
    found = re.search(r"^VmHWM:\s*(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def start_up(side: Side) -> dict:
    """How long a fresh process takes until it can work, and until the end of a first epoch."""
    with Process(side) as process:
        process.work(FIRST_EPOCH)
        return {"ready": process.ready, "first_epoch": time.perf_counter() - process.start}


def command(side: Side) -> list[str]:
    """The command that does the work of a side."""
    match side:
        case Side.OURS:
            return [our_program(), "ours"]
        case Side.CANDLE:
            return [candle_program(), str(DIGITS)]
        case _:
            return [str(VENV / "bin" / "python"), str(HERE / "peer.py"), side.value, str(DIGITS)]


def variables(side: Side) -> dict[str, str]:
    """The environment of a side; PyTorch has its own libtorch."""
    if side is Side.OURS:
        return our_variables()
    own = {name: value for name, value in os.environ.items() if name != environment.LIBRARY_PATH}
    return own | {"TORCHINDUCTOR_CACHE_DIR": str(ROOT / "target" / "bench-inductor")}


def ask(*arguments: object) -> dict:
    """What our program answers."""
    words = [our_program(), *map(str, arguments)]
    program = subprocess.run(words, cwd=ROOT, env=our_variables(), stdout=subprocess.PIPE, text=True)
    if program.returncode:
        raise Missing("The crate's part of the benchmark failed, so nothing is measured; the reason is above.")
    return json.loads(program.stdout or "{}")


@functools.cache
def our_program() -> str:
    """Our side, built."""
    return built("--package", "hinge-bench")


@functools.cache
def our_variables() -> dict[str, str]:
    """The environment that `cargo run` would give our side: where its dynamic libraries are."""
    folder = Path(our_program()).parent
    rust = subprocess.run(["rustc", "--print", "target-libdir"], capture_output=True, text=True).stdout.strip()
    places = [str(folder), str(folder / "deps"), rust, os.environ.get(environment.LIBRARY_PATH, "")]
    return os.environ | {environment.LIBRARY_PATH: os.pathsep.join(places)}


@functools.cache
def candle_program() -> str:
    """The peer in Rust, built for this processor as its README recommends."""
    manifest, target = HERE / "candle" / "Cargo.toml", ROOT / "target" / "candle"
    native = os.environ | {"RUSTFLAGS": "-Ctarget-cpu=native -Cprefer-dynamic=no"}
    return built("--manifest-path", manifest, "--target-dir", target, env=native)


def built(*arguments: object, **options) -> str:
    """The program that cargo builds."""
    words = ["cargo", "build", "--release", "--quiet", "--locked", *map(str, arguments), "--message-format", "json"]
    program = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)
    made = [json.loads(line).get("executable") for line in program.stdout.splitlines()]
    if program.returncode or not any(made):
        raise Missing(f"`{' '.join(words[:7])} ...` failed with status {program.returncode}.")
    return next(filter(None, made))


def install_peers() -> None:
    """Installs and builds what is missing."""
    what = f"Installing PyTorch and scikit-learn in {VENV.relative_to(ROOT)} (5 GB on Linux)"
    environment.separate_venv(VENV, HERE / "requirements.txt", what)
    print("Building the programs ...", flush=True)
    our_program()
    candle_program()
