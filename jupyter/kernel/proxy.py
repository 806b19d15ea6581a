"""A proxy between Jupyter and evcxr that passes messages on and turns failed cells into errors.

What a cell prints and shows comes from the process that runs it, past evcxr (see native/preload.c), and is
published before evcxr hears that the cell has ended: nothing comes after the idle status, and nothing is lost.

evcxr calls a cell that panicked, or whose error ended it, a success, and gives no reason for a cell
that did not compile. The proxy sees to it that Jupyter gets both: one `error`, an `execute_reply` with the
reason, and the cells that were queued behind it are aborted, as Jupyter's own kernel does it.
"""

import contextlib
import json
import re
import signal
import sys
import time
from collections import deque
from pathlib import Path

import zmq
from jupyter_client.session import Session

from kernel import failure, syntax
from kernel.answers import Answers
from kernel.cell import Cell
from kernel.edits import Edits, Refused
from kernel.execution import KEPT_BYTES, Execution, Steps, Task
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
# A cell that has shown nothing for so long gets a bar.
WAITING_SECONDS = 1.9


def endpoint(connection: dict, channel: str) -> str:
    """The address of one channel of a Jupyter connection file."""
    separator = "-" if connection["transport"] == "ipc" else ":"
    return f"{connection['transport']}://{connection['ip']}{separator}{connection[channel + '_port']}"


def code_and_cursor(content: dict) -> dict:
    """What a request asks about; without a place it is the code's end."""
    code = content.get("code", "")
    return {"code": code, "cursor": content.get("cursor_pos", len(code))}


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
        kinds = dict.fromkeys(CHANNELS, zmq.ROUTER) | {"iopub": zmq.XPUB, "hb": zmq.REP}
        self.front = {channel: self._socket(kind) for channel, kind in kinds.items()}
        self.front["iopub"].xpub_verbose = 1  # every subscriber is welcomed
        for channel, socket in self.front.items():
            socket.bind(endpoint(connection, channel))
        self.back: dict[str, zmq.Socket] = {}
        self.poller = zmq.Poller()
        for channel in ("hb", "iopub"):
            self.poller.register(self.front[channel], zmq.POLLIN)
        self.own_answers = Answers(connection)
        self.queue: deque = deque()
        self.task: Task | None = None
        self.latest: Execution | None = None  # the cell that runs, or ran last
        self.count = 0
        self.cell = Cell()
        self.watched: set[int] = set()
        self.streams = Streams(lambda name, text: self._publish_output("stream", {"name": name, "text": text}))
        self.shut_down = False

    @property
    def running(self) -> Execution | None:
        """The cell that runs."""
        return self.task if isinstance(self.task, Execution) else None

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
        """Lets Jupyter's messages through. The first cell that runs prints the notice, if there is one, to stderr.

        `evcxr` is its process, `compiled` the file in which it compiles a cell.
        """
        self.edits, self.evcxr, self.compiled = edits, evcxr, compiled
        self.edits.notes += [notice] * bool(notice)
        self.poller.unregister(self.back["probe"])
        self.back.pop("probe").close(linger=0)
        for channel in CHANNELS:
            self.poller.register(self.front[channel], zmq.POLLIN)

    def step(self, milliseconds: int) -> None:
        """Waits for messages for so long at most, and passes them on."""
        if self.streams.due:
            milliseconds = max(0, min(milliseconds, 1000 * (self.streams.due - time.monotonic())))
        if self.running:
            milliseconds = min(milliseconds, 100)
        ready = self._poll(milliseconds)
        for socket, handle in (
            (self.front["control"], self._control),
            (self.back["control"], lambda: self._receive(self.back["control"])),
            (self.back["iopub"], self._output),
            (self.back["shell"], self._reply),
            (self.front["shell"], self._send_requests),
            (self.back["stdin"], self._input_request),
            (self.front["stdin"], self._input_reply),
        ):
            if socket in ready:
                handle()
        if self.streams.due and time.monotonic() >= self.streams.due:
            self.streams.flush()
        self._follow_interrupt()
        self._show_waiting()

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
        if self.front["iopub"] in ready:
            event = self.front["iopub"].recv()
            if event.startswith(b"\1"):
                welcome = {"subscription": event[1:].decode(errors="replace")}
                self.session.send(self.front["iopub"], "iopub_welcome", welcome, ident=event[1:] or None)
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

    def _control(self) -> None:
        frames, message = self._receive(self.front["control"])
        if message:
            self._answer_itself("control", self._identities(frames), message)

    def _identities(self, frames: list) -> list:
        return self.session.feed_identities(frames)[0]

    def interrupt(self) -> None:
        """Asks the running cell to end; a second time, ends its process. Between cells it does nothing."""
        run = self.running
        if not run:
            return
        if not self.cell.reported:  # evcxr ends the process
            run.interrupted, run.killed = time.monotonic(), True
            self.session.send(self.back["control"], "interrupt_request", {})
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
        _, message = self._receive(self.back["stdin"])
        if message and self.running:
            self.running.awaits_input = True
            self.session.send(self.front["stdin"], message, ident=self.running.identities)

    def _input_reply(self) -> None:
        _, message = self._receive(self.front["stdin"])
        if message and self.running and self.running.awaits_input:
            self.running.awaits_input = False
            self.back["stdin"].send_multipart(self.session.serialize(message))

    def _fetch_requests(self) -> None:
        while self.front["shell"].poll(0):
            frames, message = self._receive(self.front["shell"])
            if message:
                self.queue.append((self._identities(frames), message))

    def _send_requests(self) -> None:
        """Takes on what is queued, as far as evcxr has an answer to find: the rest waits for that."""
        self._fetch_requests()
        while self.queue and not self.task:
            identities, message = self.queue.popleft()
            match message["msg_type"]:
                case "execute_request":
                    self.streams.flush(final=True)
                    task = self.latest = Execution(identities, message)
                    task.steps = self._execute(task)
                case "inspect_request":
                    task = Task(identities, message, self._explain(**code_and_cursor(message["content"])))
                case "complete_request":
                    task = Task(identities, message, self._complete(**code_and_cursor(message["content"])))
                case _:
                    self._answer_itself("shell", identities, message)
                    continue
            self._publish("status", {"execution_state": "busy"}, message)
            self.task = task
            self._step(None)

    def _step(self, reply: dict | None) -> None:
        """Gives a reply of evcxr to the task, which asks its next question or ends."""
        task = self.task
        try:
            kind, content = task.steps.send(reply)
        except StopIteration as end:
            self._fetch_requests()  # before the answer: what comes after it was not queued
            self.task = None
            self._answer("shell", task.identities, task.request, end.value)
            if task is self.latest and end.value["status"] == "error":
                self._abort_queued(task)
            return
        task.reply, task.idle = None, False
        header = task.request["header"] | {"msg_type": kind}
        question = task.request | {"header": header, "msg_type": kind, "content": content}
        self.back["shell"].send_multipart(self.session.serialize(question))

    def _reply(self) -> None:
        _, message = self._receive(self.back["shell"])
        if message and self._is_of_task(message):
            self.task.reply = message["content"]
            self._go_on()

    def _go_on(self) -> None:
        """Takes the next step, and what follows it, once evcxr has answered and is idle."""
        if self.task.idle and self.task.reply:
            self._step(self.task.reply)
            self._send_requests()

    def _is_of_task(self, message: dict) -> bool:
        return bool(self.task) and message["parent_header"].get("msg_id") == self.task.request["header"]["msg_id"]

    def _answer_itself(self, channel: str, identities: list, request: dict) -> None:
        """Answers a request without evcxr."""
        kind = request["msg_type"]
        self._publish("status", {"execution_state": "busy"}, request)
        if kind == "interrupt_request":
            self.interrupt()
        if kind == "comm_open":
            # There are no targets; who opens one must learn of it.
            self._publish("comm_close", {"comm_id": request["content"].get("comm_id"), "data": {}}, request)
        self._answer(channel, identities, request, self.own_answers.to(kind, request["content"]))
        if kind == "shutdown_request":
            # evcxr would finish the running cell first; it has nothing to save, so it is ended instead.
            self._publish("shutdown_reply", self.own_answers.to(kind, request["content"]), request)
            self.shut_down = True

    def _answer(self, channel: str, identities: list, request: dict, content: dict | None) -> None:
        """Sends the reply to a request, if it has one, and says that it is done."""
        if content is not None:
            kind = request["msg_type"].replace("_request", "_reply")
            metadata = {"status": "aborted"} if content.get("status") == "aborted" else None
            self.session.send(self.front[channel], kind, content, request, identities, metadata=metadata)
        self._publish("status", {"execution_state": "idle"}, request)

    def _abort_queued(self, failed: Execution) -> None:
        """Aborts the cells that are queued behind a failed one, unless it was sent to fail alone."""
        if not failed.content.get("stop_on_error", True):
            return
        queued, self.queue = self.queue, deque()
        for identities, message in queued:
            if message["msg_type"] == "execute_request":
                self._publish("status", {"execution_state": "busy"}, message)
                self._answer("shell", identities, message, {"status": "aborted"})
            else:
                self.queue.append((identities, message))

    def _complete(self, code: str, cursor: int) -> Steps:
        """Completes a name."""
        # What follows the cursor in the same word is no part of the name; a macro's arguments are read if it is closed.
        code = code[:cursor] + re.sub(r"^\w+", "", code[cursor:])
        if problem := syntax.problem(code):
            code += problem.closing
        reply = yield "complete_request", {"code": syntax.one_by_one(code), "cursor_pos": cursor}
        nothing = {"status": "ok", "matches": [], "cursor_start": cursor, "cursor_end": cursor, "metadata": {}}
        return reply if reply["status"] == "ok" else nothing

    def _explain(self, code: str, cursor: int) -> Steps:
        """Explains a name."""
        for part in syntax.explained(code, cursor):
            reply = yield "inspect_request", {"code": part, "cursor_pos": len(part), "detail_level": 0}
            if reply.get("found"):
                return reply
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}

    def _execute(self, run: Execution) -> Steps:
        """Runs a cell."""
        self.count += run.is_stored
        run.count = self.count
        self._publish_output("execute_input", {"code": run.code, "execution_count": run.count}, noted=False)
        payload, values = [], {}
        if name := syntax.help_for(run.code):
            error, payload = yield from self._help(name)
        else:
            error = yield from self._run(run, run.code)
        self._remove_bars()
        if error:
            self._publish_output("error", error)
        else:
            for name, expression in run.content.get("user_expressions", {}).items():
                values[name] = yield from self._value(run, expression)
        if run.is_stored:
            self.own_answers.inputs.append((run.count, run.code, run.result and run.result.get("text/plain")))
        reply = {"status": "error" if error else "ok", "execution_count": run.count}
        return reply | (error or {"payload": payload, "user_expressions": values})

    def _help(self, name: str) -> Steps:
        """What a cell that asks about a name shows: an error, or a page."""
        found = yield from self._explain(name, len(name))
        if found["found"]:
            return None, [{"source": "page", "data": found["data"], "start": 0}]
        return failure.error(f"`{name}` is not found: is it in scope, or its path complete?"), []

    def _run(self, run: Execution, code: str) -> Steps:
        """Runs code; returns why it failed, or None."""
        try:
            prepared = self._checked(code)
        except Refused as refused:
            return failure.error(str(refused))
        self._tell()
        self.cell.begin()
        error = yield from self._run_as_it_is(run, prepared)
        if error and not run.interrupted and (typed := self.edits.typed(code, run.errors)):
            # evcxr did not find a variable's type, and ran nothing.
            error = yield from self._run_as_it_is(run, typed)
        return error

    def _tell(self) -> None:
        """Publishes what the reader of a cell must know of it."""
        notes, self.edits.notes = self.edits.notes, []
        for note in notes:
            self._publish_output("stream", {"name": "stderr", "text": note})

    def _run_as_it_is(self, run: Execution, code: str) -> Steps:
        run.started, run.errors, run.bundle = False, [], {}
        reply = yield "execute_request", run.content | {"code": code}
        self.streams.flush()
        return run.failure(reply["status"])

    def _value(self, run: Execution, expression: str) -> Steps:
        """The value of an expression, as a reply has it."""
        run.is_cell, result, run.result = False, run.result, None
        error = yield from self._run(run, expression)
        data, run.result = run.result or {}, result
        return {"status": "error"} | error if error else {"status": "ok", "data": data, "metadata": {}}

    def _checked(self, code: str) -> str:
        """A cell as evcxr gets it. Refused: it cannot run."""
        if problem := syntax.problem(code):
            line = code.splitlines()[problem.line - 1].strip()
            raise Refused(f"{problem.sentence} (line {problem.line}: `{line}`)")
        return self.edits.prepared(code)

    def _output(self) -> None:
        """What evcxr publishes: its states, and of a cell compile errors and values of commands."""
        _, message = self._receive(self.back["iopub"])
        if message and message["msg_type"] == "stream" and self.latest:
            self._publish_output("stream", message["content"])
        if not message or not self._is_of_task(message):
            return
        run, kind, content = self.running, message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            self.task.idle = True
            self._go_on()
        elif kind == "error" and run:
            run.errors.append(failure.of_evcxr(content, run.code, run.count))
        elif kind == "execute_result" and run:  # of a command, or of a process that does not report to us
            run.bundle = content["data"]
            self._show(kind)

    def _cell(self, event: Event) -> None:
        """What the process that runs cells has written."""
        if isinstance(event, Text):
            if self.latest:
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
            if marker.line.startswith(INPUT_REQUEST) and not run.content.get("allow_stdin", True):
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
            self._publish_output(*run.bars.take(event.content["progress"]), noted=False)
        for kind in ("display_data", "update_display_data", "clear_output"):
            if kind in event.content and self.latest:
                content = event.content[kind]
                if run and FAILURE in content.get("data", ()):
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
            content["execution_count"], run.result = run.count, data
        if run.is_cell:
            self._publish_output(kind, content)

    def _publish_output(self, kind: str, content: dict, noted: bool = True) -> None:
        """Publishes an output of the cell that runs, or ran last; it is noted if it stays."""
        run = self.latest
        if run.is_silent:
            return
        if self.running and noted:
            run.last_shown = time.monotonic()
            if run.bars.waiting and run.shown:
                self._publish(*run.bars.stop_waiting(), run.request)
            elif run.bars.waiting:
                self._publish("clear_output", {"wait": True}, run.request)
                run.bars = Bars()
            if kind == "clear_output":
                run.shown, run.shown_bytes, run.bars.shown = [], 0, False
            else:
                run.note(kind, content)
        self._publish(kind, content, run.request)

    def _show_waiting(self) -> None:
        """Says that a cell goes on which has shown nothing for some time, if there is someone who could type."""
        run, now = self.running, time.monotonic()
        if not run or not run.content.get("allow_stdin") or run.awaits_input or run.bars.under_way:
            return
        if now - run.last_shown > WAITING_SECONDS and now - run.waiting_shown > 1:
            run.waiting_shown = now
            what = "running" if run.started else "compiling"
            self._publish_output(*run.bars.wait(what, now - run.begun), noted=False)

    def _remove_bars(self) -> None:
        """Removes the bars of the cell from what it shows."""
        run = self.running
        if not run.bars.shown:
            return
        bars, run.bars = run.bars, Bars()
        if run.shown_bytes > KEPT_BYTES:
            empty = {"data": {}, "metadata": {}, "transient": {"display_id": bars.display}}
            self._publish_output("update_display_data", empty, noted=False)
            return
        self._publish_output("clear_output", {"wait": bool(run.shown)}, noted=False)
        for kind, content in run.shown:
            self._publish_output(kind, content, noted=False)

    def _publish(self, kind: str, content: dict, parent: dict) -> None:
        self.session.send(self.front["iopub"], kind, content, parent)
