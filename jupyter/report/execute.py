"""Executes notebooks and stores their normalised outputs.

    python -m report.execute [--to FOLDER] [--timeout SECONDS] NOTEBOOK...

If a notebook fails, so does the command, with a message that names the notebook, the cell and the reason. The cells
executed so far are kept under report/failed/, and the file that would have been replaced stays as it is. Executing an
unchanged notebook again gives an unchanged file.
"""

import argparse
import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
FAILED = ROOT / "report" / "failed"
RUST = {"name": "rust", "display_name": "Rust", "language": "rust"}
CELL_TIMEOUT = 1800
# A first start without a prepared build folder has to compile the dependencies.
START_TIMEOUT = 1800
# While one notebook computes on all cores, the other often compiles, on one.
SIDE_BY_SIDE = 2
SLOW_CELL = 5
ERRORS = (CellExecutionError, CellTimeoutError, DeadKernelError, NoSuchKernel, RuntimeError)
INTERRUPTED = 128 + signal.SIGINT
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# Metadata on how a notebook is read; the rest is on when and where it was executed.
KEPT_CELL_METADATA = {"tags", "jupyter"}


class Failed(Exception):
    """A notebook did not run to its end; the message names it, the cell and the reason."""


@dataclass
class Executed:
    """An executed notebook, the kernel's name and version: "evcxr_jupyter 0.22.0", and how long it took."""

    notebook: NotebookNode
    kernel: str
    seconds: float


def execute_all(
    paths: list[Path], failed: Path, timeout: int | None = None
) -> Iterator[tuple[Path, "Future[Executed]"]]:
    """Executes notebooks in their own folders, some side by side, and yields each as it ends, with normalised outputs.

    A cell may take `timeout` seconds, by default CELL_TIMEOUT. The result of a notebook that fails raises Failed; its
    executed part is kept in the folder `failed`. SIGINT and SIGTERM raise KeyboardInterrupt after ending the kernels.
    """
    runs = [Run(path, failed, timeout or CELL_TIMEOUT) for path in paths]
    terminate = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        running = {pool.submit(run.execute): run for run in runs}
        try:
            for ended in as_completed(running):
                yield running[ended].path, ended
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for ended, run in running.items():
                if not ended.done():
                    run.interrupt()
            signal.signal(signal.SIGTERM, terminate)


class Run:
    """One execution: tracks which cell runs, and for how long."""

    def __init__(self, path: Path, failed: Path, timeout: int):
        self.path, self.failed, self.timeout = path, failed, timeout
        self.kernel = "unknown"
        self.interrupted = False
        self.task: asyncio.Task | None = None
        self.cell: NotebookNode | None = None
        self.started = time.monotonic()

    def execute(self) -> Executed:
        """Executes the notebook. Raises Failed."""
        notebook, started = read(self.path), time.monotonic()
        print(f"{self.path.name}: executing", flush=True)
        try:
            asyncio.run(self._execute(notebook))
        except (asyncio.CancelledError, *ERRORS) as error:
            if self.interrupted:
                print(f"{self.path.name}: interrupted", file=sys.stderr)
                raise KeyboardInterrupt from error
            raise failure(error, notebook, self.cell, self.path.name, self.timeout, self.failed) from error
        seconds = time.monotonic() - started
        print(f"{self.path.name}: executed in {seconds:.1f} s", flush=True)
        (self.failed / self.path.name).unlink(missing_ok=True)
        normalise(notebook)
        return Executed(notebook, self.kernel, seconds)

    def interrupt(self) -> None:
        """Ends the execution and its kernel; may be called from another thread."""
        self.interrupted = True
        if self.task:
            self.task.get_loop().call_soon_threadsafe(self.task.cancel)

    async def _execute(self, notebook: NotebookNode) -> None:
        self.task = asyncio.current_task()
        if self.interrupted:
            raise asyncio.CancelledError
        self.client = NotebookClient(
            notebook,
            timeout=self.timeout,
            startup_timeout=START_TIMEOUT,
            resources={"metadata": {"path": str(self.path.parent)}},
            record_timing=False,
            coalesce_streams=True,
            force_raise_errors=True,
            on_notebook_start=self._start,
            on_cell_execute=self._start_cell,
            on_cell_executed=self._end_cell,
        )
        self.client.log.setLevel("CRITICAL")  # failures are reported once, by us
        await self.client.async_execute()

    async def _start(self, notebook: NotebookNode) -> None:
        reply = await self.client.kc.kernel_info(reply=True, timeout=START_TIMEOUT)
        content = reply["content"]
        self.kernel = f"{content['implementation']} {content['implementation_version']}"

    def _start_cell(self, cell: NotebookNode, cell_index: int) -> None:
        self.cell, self.started = cell, time.monotonic()

    def _end_cell(self, cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        for output in cell.outputs:
            if is_stderr(output):
                print(output.text, end="", file=sys.stderr, flush=True)
        seconds = time.monotonic() - self.started
        if seconds > SLOW_CELL:
            print(f"{self.path.name}: {place(self.client.nb, cell)} took {seconds:.1f} s", flush=True)


def failure(
    error: Exception, notebook: NotebookNode, cell: NotebookNode | None, name: str, timeout: int | None, failed: Path
) -> Failed:
    """Keeps a notebook that failed in the folder `failed`, and describes the error in its cell `cell`."""
    normalise(notebook)
    write(notebook, failed / name)
    where = f"{name}, {place(notebook, cell)}" if cell else name
    return Failed(f"{where}: {reason(error, cell, timeout)}\nThe executed part is in {shown(failed / name)}")


def place(notebook: NotebookNode, cell: NotebookNode) -> str:
    """A cell's number among the code cells and its first line."""
    number = next(n for n, other in enumerate(code_cells(notebook), 1) if other is cell)
    return f"code cell {number} `{first_line(cell)}`"


def reason(error: Exception, cell: NotebookNode | None, timeout: int | None) -> str:
    """Why an execution ended in this cell, in a line."""
    if isinstance(error, CellTimeoutError):
        return f"it takes more than {timeout} s, the limit of a cell"
    if isinstance(error, DeadKernelError):
        return "the kernel died or was ended"
    if isinstance(error, NoSuchKernel):
        return f"no kernel named `{error.name}` is installed; `make kernel` installs it"
    errors = [output for output in cell.outputs if output.output_type == "error"] if cell else []
    if errors:
        return ANSI.sub("", f"{errors[0].ename}: {errors[0].evalue}")
    if isinstance(error, CellExecutionError):
        return ANSI.sub("", f"{error.ename}: {error.evalue}")
    return str(error)


def first_line(cell: NotebookNode) -> str:
    """A cell's first line with text."""
    return next((line.strip() for line in cell.source.splitlines() if line.strip()), "")


def read(path: Path) -> NotebookNode:
    """Reads a notebook, without its outputs. Raises Failed for any other file."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise Failed(f"{path}: expected a notebook of format 4, found: {error}") from error
    if notebook.metadata.get("kernelspec", RUST)["name"] == RUST["name"]:
        notebook.metadata.kernelspec = dict(RUST)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The notebook's code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def normalise(notebook: NotebookNode) -> None:
    """Removes outputs that show nothing, and everything that differs between executions."""
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in sorted(KEPT_CELL_METADATA & set(cell.metadata))}
    for cell in code_cells(notebook):
        # Messages on stderr are for the user who runs the notebook, and were printed.
        cell.outputs = [o for o in cell.outputs if not (is_stderr(o) or is_empty(o))]


def is_stderr(output: NotebookNode) -> bool:
    """Whether an output was written to stderr."""
    return output.output_type == "stream" and output.name == "stderr"


def is_empty(output: NotebookNode) -> bool:
    """Whether an output shows nothing: blank text or the unit value `()`."""
    if output.output_type == "stream":
        return not output.text.strip()
    if output.output_type == "error":
        return False
    return all(kind == "text/plain" and text.strip() in ("", "()") for kind, text in output.data.items())


def write(notebook: NotebookNode, path: Path) -> None:
    """Validates a notebook and writes it atomically: no reader sees half a file."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        nbformat.write(notebook, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def shown(path: Path) -> str:
    """A path for messages: relative to the working folder if it lies inside."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Executes notebooks and stores their outputs in them.")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="write the executed notebooks there instead")
    parser.add_argument(
        "--timeout", type=int, default=CELL_TIMEOUT, metavar="S", help="seconds a cell may take (default: %(default)s)"
    )
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    options = parser.parse_args(arguments)
    failures = 0
    try:
        for path, ended in execute_all(options.notebooks, FAILED, options.timeout):
            try:
                write(ended.result().notebook, options.to / path.name if options.to else path)
            except Failed as failure:
                print(failure, file=sys.stderr)
                failures += 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
