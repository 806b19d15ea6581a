"""The process that runs cells: what it writes, its interrupts, its end."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil

from kernel.output import COMPLETE, Event, Marker, Parser, Text

READ_BYTES = 1 << 18


class Cell:
    """evcxr's child that runs cells, as the preloaded library reports it (see native/preload.c).

    evcxr starts a new one when it ends; until the library of the first has reported, `pid` is None.
    """

    def __init__(self):
        # evcxr and its children inherit one end.
        self.socket, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.pid: int | None = None
        self.reported = False
        self.descriptors: dict[str, int] = {}
        self.before: set[int] = set()  # what earlier cells have started

    def descriptors_to_watch(self) -> list[int]:
        """What to wait for: then call `events`."""
        watched = (self.descriptors[name] for name in ("output", "errors", "alive") if name in self.descriptors)
        return [self.socket.fileno(), *watched]

    def events(self) -> Iterator[Event]:
        """What has been written since; first all of a process that has ended, then what a new one writes."""
        if self.descriptors:
            has_ended = self._has_ended()
            yield from self._output(to_the_end=has_ended)
            if has_ended:
                self._forget()
        with contextlib.suppress(BlockingIOError):
            number, descriptors, _, _ = socket.recv_fds(self.socket, 64, 4)
            if len(descriptors) == 4:
                self._forget()
                self.pid, self.reported, self.parser = int(number), True, Parser()
                self.descriptors = dict(zip(("evcxr", "output", "errors", "alive"), descriptors, strict=False))
                for name in ("output", "errors", "alive"):
                    os.set_blocking(self.descriptors[name], False)

    def _has_ended(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            return not os.read(self.descriptors["alive"], 1)
        return False

    def _output(self, to_the_end: bool) -> Iterator[Event]:
        while chunk := self._read("output"):
            for event in self.parser.feed(chunk):
                if event == Marker(COMPLETE):
                    yield from self._errors()
                yield event
            if not to_the_end:
                break
        yield from self._errors()
        if to_the_end:
            yield from self.parser.close()

    def _errors(self) -> Iterator[Event]:
        """What programs that a cell has started wrote to standard error."""
        while chunk := self._read("errors"):
            yield Text("stderr", chunk)

    def _read(self, name: str) -> bytes:
        if name in self.descriptors:
            with contextlib.suppress(BlockingIOError):
                if chunk := os.read(self.descriptors[name], READ_BYTES):
                    return chunk
                os.close(self.descriptors.pop(name))
        return b""

    def _forget(self) -> None:
        """Closes what was shared with the process; evcxr then sees that it has ended."""
        for descriptor in self.descriptors.values():
            os.close(descriptor)
        self.descriptors, self.pid = {}, None

    def tell_evcxr(self, marker: Marker) -> None:
        """Passes a line on."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.descriptors["evcxr"], marker.line + b"\n")

    def interrupt(self) -> None:
        """Sets the flag that loops and printing look at."""
        self._signal(self.pid, signal.SIGINT)

    def end(self) -> None:
        """Ends the process; its variables are lost."""
        self._signal(self.pid, signal.SIGKILL)

    def begin(self) -> None:
        """Notes what earlier cells have started: an interrupt of the next one is not meant for it."""
        files = Path(f"/proc/{self.pid}/task").glob("*/children")
        self.before = {int(number) for file in files for number in file.read_text().split()}

    def end_started(self, evcxr: int, number: signal.Signals) -> None:
        """Ends the programs that the cell has started, and the compilers that work for it."""
        for process in self._started(psutil.Process(evcxr)):
            self._signal(process.pid, number)

    def _started(self, process: psutil.Process) -> Iterator[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in process.children():
                if child.pid not in self.before:
                    yield from self._started(child)
                    if child.pid != self.pid:
                        yield child

    def _signal(self, pid: int | None, number: signal.Signals) -> None:
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
