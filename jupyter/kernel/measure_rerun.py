"""Measures where the time goes when a cell runs again, on an idle machine.

    python3 jupyter/setup run python -m kernel.measure_rerun [HOW OFTEN]

A kernel runs a cell that uses the crate. Then rustc alone compiles what evcxr made of it: whole, without linking,
and without generating code, each with the words that the kernel uses. What is left of the cell's time is evcxr's:
parsing, rust-analyzer, starting the compiler, loading and running the library, and the launcher's messages.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from kernel import toolchain
from kernel.folder import ROOT

FIRST = ':dep hinge = { path = "crate" }\nuse hinge::prelude::*;\nlet digits = Digits::synthetic(0);'
CELLS = {"a value": "digits.train.len()", "a let": "let count = digits.train.len();"}


def milliseconds(action: Callable[[], object], times: int) -> float:
    """The median of how long something takes."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def compiler(build: Path) -> Callable[[str], Callable[[], object]]:
    """Compiles the cell that evcxr compiled last in a build folder, with other outputs."""
    newest = max(build.glob(".cells/*/command.json"), key=lambda path: len(path.read_text()))
    variables, words = json.loads(newest.read_text().replace("$PWD", str(build)))
    rustc = toolchain.sysroot() / "bin" / "rustc"
    source = build / "src" / "lib.rs"

    def compile(emit: str) -> Callable[[], object]:
        command = [str(rustc), *(f"--emit={emit}" if word.startswith("--emit=") else word for word in words)]

        def run() -> None:
            # As another cell would: otherwise the compiler finds all of it done.
            source.write_text(source.read_text() + "\n")
            subprocess.run(command, cwd=build, env=os.environ | variables, check=True, capture_output=True)

        return run

    return compile


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    manager, client = start_new_kernel(kernel_name="rust", cwd=str(ROOT))

    def run(code: str) -> list[str]:
        printed = []
        content = client.execute_interactive(code, output_hook=lambda message: printed.append(message["content"]))[
            "content"
        ]
        assert content["status"] == "ok", content
        return [message["text"] for message in printed if "text" in message]

    try:
        run(FIRST)
        build = Path(run('println!("{}", std::env::var("EVCXR_TMPDIR").unwrap());')[-1].strip())
        for name, code in CELLS.items():
            run(code)
            whole = milliseconds(lambda code=code: run(code), times)
            compile = compiler(build)
            front, code, linked = (milliseconds(compile(emit), times) for emit in ("metadata", "obj", "dep-info,link"))
            print(f"{name}: {whole:.0f} ms, the median of {times}")
            print(f"  rustc, until all is checked  {front:.0f}")
            print(f"  rustc, generating code       {code - front:.0f}")
            print(f"  linking                      {linked - code:.0f}")
            print(f"  evcxr, and running the cell  {whole - linked:.0f}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
