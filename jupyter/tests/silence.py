"""Measures for how long each cell of a notebook shows nothing, in seconds.

    python3 jupyter/setup run python jupyter/tests/silence.py NOTEBOOK ...

A front end sends a cell when the one before has ended. HINGE_QUICK=1 shortens the notebooks.
"""

import sys
import time
from itertools import pairwise
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

from report.execute import code_cells, first_line

SHOWS = {"stream", "display_data", "update_display_data", "execute_result", "error"}


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        manager, client = start_new_kernel(kernel_name="rust", cwd=str(path.parent))
        longest = []
        for number, cell in enumerate(code_cells(nbformat.read(path, as_version=4)), 1):
            times = [time.monotonic()]

            def note(message: dict, times=times) -> None:
                if message["msg_type"] in SHOWS:
                    times.append(time.monotonic())

            reply = client.execute_interactive(cell.source, allow_stdin=True, output_hook=note)["content"]
            times.append(time.monotonic())
            silent = max(after - before for before, after in pairwise(times))
            longest.append(silent)
            whole = times[-1] - times[0]
            print(
                f"{path.name} {number:3} {silent:5.1f} of {whole:6.1f} {reply['status']} {first_line(cell)}", flush=True
            )
        print(f"{path.name}: {max(longest):.1f} s")
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
