"""A proxy between Jupyter and evcxr that passes messages on and turns failed cells into errors.

What a cell prints and shows comes from the process that runs it, past evcxr (see native/preload.c), and is
published before evcxr hears that the cell has ended: nothing comes after the idle status, and nothing is lost.

evcxr calls a cell that panicked, or whose error ended it, a success, and gives no reason for a cell
that did not compile. The proxy sees to it that Jupyter gets both: one `error`, an `execute_reply` with the
reason, and the cells that were queued behind it are aborted, as Jupyter's own kernel does it.
"""

import contextlib
import json
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from jupyter_client.session import Session

from kernel import failure, syntax
from kernel.cell import Cell
from kernel.edits import Edits, Refused
from kernel.output import (
    COMPLETE,
    INPUT_REQUEST,
    PANICKED,
    RETURNED_ERROR,
    Content,
    Event,
    Marker,
    Message,
    Streams,
    Text,
)
from kernel.progress import Bars

FAILURE = "application/vnd.hinge.failure+json"
CHANNELS = ("shell", "control", "stdin")
# So long after an interrupt, a cell that goes on is ended with its process, and programs that it started are killed.
END_SECONDS = 2
KILL_SECONDS = 0.5
# Of a cell that shows more than this, the bars are emptied, not removed.
KEPT_BYTES = 10_000_000


def endpoint(connection: dict, channel: str) -> str:
    """The address of one channel of a Jupyter connection file."""
    separator = "-" if connection["transport"] == "ipc" else ":"
    return f"{connection['transport']}://{connection['ip']}{separator}{connection[channel + '_port']}"


@dataclass
class Execution:
    """The cell that runs. Its reply is kept until evcxr reports idle: by then every error is known."""

    identities: list
    request: dict
    count: int | None = None
    errors: list[dict] = field(default_factory=list)
    bundle: dict = field(default_factory=dict)  # the value that is shown next
    started: bool = False  # it is compiled, and runs
    interrupted: float | None = None  # when
    killed: bool = False
    awaits_input: bool = False
    bars: Bars = field(default_factory=Bars)
    shown: list[tuple[str, dict]] = field(default_factory=list)  # besides the bars
    shown_bytes: int = 0
    reply: tuple[list, dict] | None = None  # frames, message
    idle: list | None = None  # frames
    typed: bool = False  # it runs again, with the types that rustc found

    @property
    def code(self) -> str:
        return self.request["content"]["code"]

    def note(self, kind: str, content: dict) -> None:
        """Keeps what is shown, to show it again when the bars are removed."""
        self.shown_bytes += len(content.get("text", "")) + sum(map(len, map(str, content.get("data", {}).values())))
        if self.shown_bytes <= KEPT_BYTES:
            self.shown.append((kind, content))

    def failure(self, content: dict) -> dict | None:
        """Why it failed, if it did: one error, whose reason is the first that is no lint."""
        if self.interrupted and not any(error["ename"] == failure.INTERRUPTED for error in self.errors):
            return failure.interrupted(self.started, self.killed)
        if self.errors:
            return failure.joined(self.errors)
        return failure.error("the kernel gave no reason") if content["status"] != "ok" else None


class Proxy:
    """Jupyter's side (`front`, bound at once) and evcxr's side (`back`, after `connect`)."""

    def __init__(self, connection: dict):
        """Binds the sockets of a connection file. zmq.ZMQError: an address is in use."""
        self.session = Session(
            key=connection["key"].encode(),
            signature_scheme=connection.get("signature_scheme", "hmac-sha256"),
            username="kernel",
        )
        self.context = zmq.Context()
        kinds = dict.fromkeys(CHANNELS, zmq.ROUTER) | {"iopub": zmq.PUB, "hb": zmq.REP}
        self.front = {channel: self._socket(kind) for channel, kind in kinds.items()}
        for channel, socket in self.front.items():
            socket.bind(endpoint(connection, channel))
        self.back: dict[str, zmq.Socket] = {}
        self.poller = zmq.Poller()
        self.poller.register(self.front["hb"], zmq.POLLIN)
        self.queue: deque = deque()
        self.running: Execution | None = None
        self.parent: dict | None = None  # the request whose cell runs, or ran last
        self.cell = Cell()
        self.watched: set[int] = set()
        self.streams = Streams(lambda name, text: self._publish_output("stream", {"name": name, "text": text}))
        self.shut_down = False

    def _socket(self, kind: int) -> zmq.Socket:
        socket = self.context.socket(kind)
        socket.linger = 1000
        socket.set_hwm(0)
        return socket

    def connect(self, connection: dict) -> None:
        """Connects to the sockets that evcxr binds, instead of those of an evcxr before it."""
        for socket in self.back.values():
            self.poller.unregister(socket)
            socket.close(linger=0)
        kinds = dict.fromkeys((*CHANNELS, "probe"), zmq.DEALER) | {"iopub": zmq.SUB}
        self.back = {channel: self._socket(kind) for channel, kind in kinds.items()}
        for channel, socket in self.back.items():
            if channel in CHANNELS:
                # evcxr asks for input on the stdin channel under the shell channel's identity.
                socket.identity = b"proxy"
            socket.connect(endpoint(connection, "shell" if channel == "probe" else channel))
            self.poller.register(socket, zmq.POLLIN)
        self.back["iopub"].subscribe(b"")

    def answers(self) -> bool:
        """Asks evcxr once whether it is there; true once its output is known to reach us, too."""
        probe = self.session.send(self.back["probe"], "kernel_info_request")
        while ready := self._poll(200):
            if self.back["probe"] in ready:
                self.back["probe"].recv_multipart()
            while self.back["iopub"] in ready and self.back["iopub"].poll(0):
                _, message = self._receive(self.back["iopub"])
                if message and message["parent_header"].get("msg_id") == probe["header"]["msg_id"]:
                    return True
        return False

    def start(self, edits: Edits, notice: str, evcxr: int, compiled: Path) -> None:
        """Lets Jupyter's messages through. The first cell that runs prints the notice to stderr.

        `evcxr` is its process, `compiled` the file in which it compiles a cell.
        """
        self.edits, self.notice, self.evcxr, self.compiled = edits, notice, evcxr, compiled
        self.poller.unregister(self.back["probe"])
        self.back.pop("probe").close(linger=0)
        for channel in CHANNELS:
            self.poller.register(self.front[channel], zmq.POLLIN)

    def step(self, milliseconds: int) -> None:
        """Waits for messages for so long at most, and passes them on."""
        if self.streams.due:
            milliseconds = max(0, min(milliseconds, 1000 * (self.streams.due - time.monotonic())))
        if self.running and self.running.interrupted:
            milliseconds = min(milliseconds, 100)
        ready = self._poll(milliseconds)
        for socket, handle in (
            (self.front["control"], self._control),
            (self.back["control"], self._control_reply),
            (self.back["iopub"], self._output),
            (self.back["shell"], self._shell_reply),
            (self.front["shell"], self._shell),
            (self.back["stdin"], self._input_request),
            (self.front["stdin"], self._input_reply),
        ):
            if socket in ready:
                handle()
        if self.streams.due and time.monotonic() >= self.streams.due:
            self.streams.flush()
        self._follow_interrupt()

    def close(self) -> None:
        """Sends what is still to be sent and frees the addresses."""
        for socket in self.back.values():
            socket.close(linger=0)
        for socket in self.front.values():
            socket.close()
        self.context.term()

    def _poll(self, milliseconds: float) -> dict:
        """The sockets that are ready; what the cell's process has written is taken in here."""
        watched = set(self.cell.descriptors_to_watch())
        for descriptor in self.watched - watched:
            self.poller.unregister(descriptor)
        for descriptor in watched - self.watched:
            self.poller.register(descriptor, zmq.POLLIN)
        self.watched = watched
        ready = dict(self.poller.poll(milliseconds))
        if watched & ready.keys():
            for event in self.cell.events():
                self._cell(event)
        if self.front["hb"] in ready:
            self.front["hb"].send_multipart(self.front["hb"].recv_multipart())
        return ready

    def _receive(self, socket: zmq.Socket) -> tuple[list, dict | None]:
        """One message, raw and read; None for one that is malformed or not signed with our key."""
        frames = socket.recv_multipart()
        try:
            _, parts = self.session.feed_identities(frames)
            return frames, self.session.deserialize(parts)
        except (ValueError, TypeError, KeyError) as error:
            # It goes no further: evcxr would stop to answer after it.
            print(f"a message was dropped: {error}", file=sys.stderr)
            return frames, None

    def _identities(self, frames: list) -> list:
        return self.session.feed_identities(frames)[0]

    def _pass(self, source: zmq.Socket, target: zmq.Socket) -> None:
        frames, message = self._receive(source)
        if message:
            target.send_multipart(frames)

    def _control(self) -> None:
        frames, message = self._receive(self.front["control"])
        if not message:
            return
        identities = self._identities(frames)
        if message["msg_type"] == "interrupt_request" and not (self.running and not self.cell.reported):
            self.interrupt()
            self.session.send(self.front["control"], "interrupt_reply", {"status": "ok"}, message, identities)
        elif message["msg_type"] == "shutdown_request":
            # evcxr would finish the running cell first; it has nothing to save, so it is ended instead.
            content = {"status": "ok", "restart": message["content"].get("restart", False)}
            self.session.send(self.front["control"], "shutdown_reply", content, message, identities)
            self.session.send(self.front["iopub"], "shutdown_reply", content, message)
            self.shut_down = True
        else:
            self.back["control"].send_multipart(frames)

    def interrupt(self) -> None:
        """Asks the running cell to end; a second time, ends its process. Between cells it does nothing."""
        run = self.running
        if not run:
            return
        if run.interrupted and run.started:
            run.killed = True
            self.cell.end()
            return
        run.interrupted = run.interrupted or time.monotonic()
        if run.started:
            self.cell.interrupt()
        if run.awaits_input:
            run.awaits_input = False
            self.session.send(self.back["stdin"], "input_reply", {"value": ""})
        self.cell.end_started(self.evcxr, signal.SIGINT)

    def _follow_interrupt(self) -> None:
        run = self.running
        if not run or not run.interrupted or run.killed:
            return
        seconds = time.monotonic() - run.interrupted
        if seconds > KILL_SECONDS:
            self.cell.end_started(self.evcxr, signal.SIGKILL)
        if seconds > END_SECONDS and run.started:
            self.interrupt()

    def _input_request(self) -> None:
        if self.running:
            self.running.awaits_input = True
        self._pass(self.back["stdin"], self.front["stdin"])

    def _input_reply(self) -> None:
        if self.running:
            self.running.awaits_input = False
        self._pass(self.front["stdin"], self.back["stdin"])

    def _control_reply(self) -> None:
        self._pass(self.back["control"], self.front["control"])

    def _shell(self) -> None:
        self._fetch_requests()
        self._send_requests()

    def _fetch_requests(self) -> None:
        while self.front["shell"].poll(0):
            frames, message = self._receive(self.front["shell"])
            if message:
                self.queue.append((frames, message))

    def _send_requests(self) -> None:
        """Sends on what is queued, as far as the next cell: the rest waits for its outcome."""
        while self.queue and not self.running:
            frames, message = self.queue.popleft()
            if message["msg_type"] == "execute_request":
                try:
                    code = self._checked(message["content"]["code"])
                except Refused as refused:
                    self._refuse(frames, message, str(refused))
                    continue
                self.streams.flush(final=True)
                self.running, self.parent = Execution(self._identities(frames), message), message
                self.cell.begin()
                frames = self._with_code(frames, message, code)
            self.back["shell"].send_multipart(frames)

    def _checked(self, code: str) -> str:
        """A cell as evcxr gets it. Refused: it cannot run."""
        if problem := syntax.problem(code):
            line = code.splitlines()[problem.line - 1].strip()
            raise Refused(f"{problem.sentence} (line {problem.line}: `{line}`)")
        return self.edits.prepared(code)

    def _with_code(self, frames: list, request: dict, code: str) -> list:
        """The frames of an execute_request with another code."""
        if code == request["content"]["code"]:
            return frames
        request = request | {"content": request["content"] | {"code": code}}
        return self.session.serialize(request, self._identities(frames))

    def _refuse(self, frames: list, request: dict, reason: str) -> None:
        """Answers a cell with an error in evcxr's stead."""
        error = failure.error(reason)
        reply = {"status": "error", "execution_count": None} | error
        self._publish("status", {"execution_state": "busy"}, request)
        self._publish("error", error, request)
        self.session.send(self.front["shell"], "execute_reply", reply, request, self._identities(frames))
        self._publish("status", {"execution_state": "idle"}, request)
        self._after_failure(request)

    def _shell_reply(self) -> None:
        frames, message = self._receive(self.back["shell"])
        if not message:
            return
        if message["msg_type"] != "execute_reply" or not self.running:
            self.front["shell"].send_multipart(frames)
            return
        self.running.reply = frames, message
        self._finish()

    def _output(self) -> None:
        """What evcxr publishes. Of a running cell these are its states, compile errors and values of commands."""
        frames, message = self._receive(self.back["iopub"])
        if not message:
            return
        run, kind, content = self.running, message["msg_type"], message["content"]
        if not run or message["parent_header"].get("msg_id") != run.request["header"]["msg_id"]:
            self.front["iopub"].send_multipart(frames)
            return
        if kind == "status" and content["execution_state"] == "idle":
            run.idle = frames
            self._finish()
        elif kind == "error":
            run.errors.append(failure.of_evcxr(content))
        elif kind == "execute_result":  # of a command, or of a process that does not report to us
            run.bundle = content["data"]
            self._show(kind)
        elif not run.typed or kind not in ("status", "execute_input"):
            self.streams.flush()
            if kind == "execute_input":
                content["code"] = run.code  # evcxr may have got it with edits
            self.session.send(self.front["iopub"], message)
            if kind == "execute_input":
                run.count = content["execution_count"]
                if self.notice:
                    self._publish("stream", {"name": "stderr", "text": self.notice}, run.request)
                    self.notice = ""

    def _cell(self, event: Event) -> None:
        """What the process that runs cells has written."""
        if isinstance(event, Text):
            if self.parent:
                self.streams.add(event)
        elif isinstance(event, Content):
            self._content(event)
        elif isinstance(event, Marker):
            self._marker(event)
        else:
            self._message(event)

    def _content(self, event: Content) -> None:
        """A representation: of the same value as those before it, unless it has one of this kind already."""
        if not self.running:
            return
        if event.mime in self.running.bundle:
            self._show("display_data")
        content = event.content
        if "json" in event.mime:
            with contextlib.suppress(ValueError):  # as evcxr does it
                content = json.loads(content)
        self.running.bundle[event.mime] = content

    def _marker(self, marker: Marker) -> None:
        if run := self.running:
            if marker.line in (PANICKED, RETURNED_ERROR):
                words = self.streams.last_words()
                lines = self.compiled.read_text(errors="replace").splitlines()
                run.errors.append(failure.of_cell(words, marker.line == PANICKED, run.code, lines))
            if marker.line.startswith(INPUT_REQUEST) and not run.request["content"].get("allow_stdin", True):
                # evcxr gives an empty line instead; with the interrupt, reading it fails.
                run.errors.append(failure.error("the cell asks for input, but this front end has none to give"))
                self.cell.interrupt()
            self.streams.flush(final=marker.line == COMPLETE)
            if marker.line == COMPLETE:
                self._remove_bars()
                self._show("execute_result")
        self.cell.tell_evcxr(marker)

    def _message(self, event: Message) -> None:
        """What the crate shows at once, and the begin of a cell."""
        run = self.running
        if run and "started" in event.content:
            run.started = True
            if run.interrupted:
                run.interrupted = time.monotonic()
                self.cell.interrupt()
        if run and "progress" in event.content:
            self.streams.flush()
            self._publish(*run.bars.take(event.content["progress"]), run.request)
        for kind in ("display_data", "update_display_data"):
            if kind in event.content and self.parent:
                content = event.content[kind]
                if run and FAILURE in content["data"]:
                    run.errors.append(failure.shown(content["data"].pop(FAILURE)))
                self.streams.flush()
                self._publish_output(kind, content)

    def _show(self, kind: str) -> None:
        """Publishes the value that has been gathered: the cell's result, or one before it."""
        run = self.running
        data, run.bundle = run.bundle, {}
        if FAILURE in data:
            run.errors.append(failure.shown(data.pop(FAILURE)))
            if failure.of_value(data):  # the same, for consoles without this launcher
                return
        elif reason := failure.of_value(data):
            run.errors.append(reason)
            return
        if not data or data == {"text/plain": "()"}:
            return
        self.streams.flush()
        content = {"data": data, "metadata": {}}
        if kind == "execute_result":
            content["execution_count"] = run.count
        self._publish_output(kind, content)

    def _publish_output(self, kind: str, content: dict) -> None:
        """Publishes an output of the cell that runs, or ran last."""
        if self.running:
            self.running.note(kind, content)
        self._publish(kind, content, self.parent)

    def _remove_bars(self) -> None:
        """Removes the bars of the cell from what it shows."""
        run = self.running
        if not run.bars.shown:
            return
        bars, run.bars = run.bars, Bars()
        if run.shown_bytes > KEPT_BYTES:
            empty = {"data": {}, "metadata": {}, "transient": {"display_id": bars.display}}
            self._publish("update_display_data", empty, run.request)
            return
        self._publish("clear_output", {"wait": bool(run.shown)}, run.request)
        for kind, content in run.shown:
            self._publish(kind, content, run.request)

    def _publish(self, kind: str, content: dict, parent: dict) -> None:
        self.session.send(self.front["iopub"], kind, content, parent)

    def _finish(self) -> None:
        """Answers the request once evcxr has answered it and is idle."""
        run = self.running
        if not (run.idle and run.reply):
            return
        if not (run.typed or run.interrupted) and (code := self.edits.typed(run.code, run.errors)):
            # evcxr did not find a variable's type, and ran nothing.
            frames, _ = run.reply
            run.typed, run.errors, run.reply, run.idle = True, [], None, None
            self.back["shell"].send_multipart(self._with_code(frames, run.request, code))
            return
        self._fetch_requests()  # before the answer: what comes after it was not queued
        self.streams.flush()
        self._remove_bars()
        frames, reply = run.reply
        error = run.failure(reply["content"])
        if error:
            self._publish("error", error, run.request)
            reply["content"] = {"status": "error", "execution_count": run.count} | error
            self.session.send(self.front["shell"], reply, ident=run.identities)
        else:
            self.front["shell"].send_multipart(frames)
        self.front["iopub"].send_multipart(run.idle)
        self.running = None
        if error:
            self._after_failure(run.request)
        self._send_requests()

    def _after_failure(self, request: dict) -> None:
        """Aborts the cells that are queued behind a failed one, unless it was sent to fail alone."""
        if not request["content"].get("stop_on_error", True):
            return
        queued, self.queue = self.queue, deque()
        for frames, message in queued:
            if message["msg_type"] == "execute_request":
                self._abort(self._identities(frames), message)
            else:
                self.queue.append((frames, message))

    def _abort(self, identities: list, request: dict) -> None:
        content = {"status": "aborted"}
        self._publish("status", {"execution_state": "busy"}, request)
        self.session.send(self.front["shell"], "execute_reply", content, request, identities, metadata=content)
        self._publish("status", {"execution_state": "idle"}, request)
