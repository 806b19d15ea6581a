"""Measures how long variables without types take, in seconds, on kernels with and without Rust's sources.

    python3 jupyter/setup run python jupyter/tests/untyped.py

Each form runs twice: the first of its kind may take longer. Run it on an idle machine.
"""

import os
import tempfile
import time
from pathlib import Path
from unittest import mock

from test_kernel import Kernel
from test_natural import FORMS, PREPARED, bare_toolchain


def seconds(kernel: Kernel, code: str) -> float:
    start = time.monotonic()
    reply, _ = kernel.run(code)
    assert reply["status"] == "ok", reply
    return time.monotonic() - start


def times() -> dict[str, list[float]]:
    """The times of each form on a new kernel."""
    with Kernel() as kernel:
        seconds(kernel, PREPARED)
        return {form: [seconds(kernel, code) for _ in range(2)] for form, (code, _) in FORMS.items()}


def main() -> None:
    with_sources = times()
    with tempfile.TemporaryDirectory() as folder:
        bare = bare_toolchain(Path(folder) / "bare")
        with mock.patch.dict(os.environ, RUSTUP_TOOLCHAIN=str(bare)):
            without = times()
    print(f"{'':34} with sources    without")
    for form in FORMS:
        (first, again), (bare_first, bare_again) = with_sources[form], without[form]
        print(f"{form:34} {first:5.2f} {again:5.2f}   {bare_first:5.2f} {bare_again:5.2f}")
    print(
        f"{'the longest':34} {max(map(max, with_sources.values())):5.2f}         {max(map(max, without.values())):5.2f}"
    )


if __name__ == "__main__":
    main()
