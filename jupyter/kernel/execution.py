"""What evcxr works on: a request, and a cell with what is known of it."""

import time
from collections.abc import Generator
from dataclasses import dataclass, field

from kernel import failure
from kernel.progress import Bars

# Of a cell that shows more than this, the bars are emptied, not removed.
KEPT_BYTES = 10_000_000
# Each step yields a question to evcxr, type and content, and gets the content of its reply.
Steps = Generator[tuple[str, dict], dict, object]


@dataclass
class Task:
    """A request that evcxr works on, in steps, the last of which returns the reply to it."""

    identities: list
    request: dict
    steps: Steps | None = None
    reply: dict | None = None  # to the last question; kept until evcxr is idle: by then every error is known
    idle: bool = False


@dataclass
class Execution(Task):
    """A cell."""

    count: int = 0
    errors: list[dict] = field(default_factory=list)
    bundle: dict = field(default_factory=dict)  # the value that is shown next
    result: dict | None = None  # the data of the value that it ends with
    is_cell: bool = True  # not one of the expressions that come with it: their values are not shown
    started: bool = False  # it is compiled, and runs
    interrupted: float | None = None  # when
    killed: bool = False
    awaits_input: bool = False
    bars: Bars = field(default_factory=Bars)
    shown: list[tuple[str, dict]] = field(default_factory=list)  # besides the bars
    shown_bytes: int = 0
    begun: float = field(default_factory=time.monotonic)
    last_shown: float = field(default_factory=time.monotonic)  # when it showed something, or began
    waiting_shown: float = 0  # when it was last said that it goes on

    @property
    def content(self) -> dict:
        return self.request["content"]

    @property
    def code(self) -> str:
        return self.content.get("code", "")

    @property
    def is_silent(self) -> bool:
        return self.content.get("silent", False)

    @property
    def is_stored(self) -> bool:
        return self.content.get("store_history", True) and not self.is_silent

    def note(self, kind: str, content: dict) -> None:
        """Keeps what is shown, to show it again when the bars are removed."""
        self.shown_bytes += len(content.get("text", "")) + sum(map(len, map(str, content.get("data", {}).values())))
        if self.shown_bytes <= KEPT_BYTES:
            self.shown.append((kind, content))

    def failure(self, status: str) -> dict | None:
        """Why it failed, if it did: one error, whose reason is the first that is no lint."""
        if self.interrupted and not any(error["ename"] == failure.INTERRUPTED for error in self.errors):
            return failure.interrupted(self.started, self.killed)
        if self.errors:
            return failure.joined(self.errors)
        return failure.error("the kernel gave no reason") if status != "ok" else None
