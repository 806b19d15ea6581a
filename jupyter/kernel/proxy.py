"""A proxy between Jupyter and evcxr that passes messages on and turns failed cells into errors.

evcxr calls a cell that panicked, or whose error ended it, a success, and gives no reason for a cell
that did not compile. The proxy sees to it that Jupyter gets both: an `execute_result` with the
failure type becomes an `error`, the `execute_reply` carries the reason, and the cells that were
queued behind it are aborted, as Jupyter's own kernel does it.
"""

import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import zmq
from jupyter_client.session import Session

from kernel.cells import Cells, Refused

FAILURE = "application/vnd.hinge.failure+json"
CHANNELS = ("shell", "control", "stdin")
# A cell that takes longer says in the end how long it took, in an output that is marked so.
LONG_SECONDS = 5
DURATION = "hinge_duration"


def endpoint(connection: dict, channel: str) -> str:
    """The address of one channel of a Jupyter connection file."""
    separator = "-" if connection["transport"] == "ipc" else ":"
    return f"{connection['transport']}://{connection['ip']}{separator}{connection[channel + '_port']}"


def duration(seconds: float) -> dict:
    """The output that says how long a cell took. JupyterLab draws what comes on stderr as it draws errors."""
    return {"data": {"text/plain": f"took {seconds:.0f} s"}, "metadata": {DURATION: True}, "transient": {}}


@dataclass
class Execution:
    """The cell that runs. Its reply is kept until evcxr reports idle: by then every error is known."""

    identities: list
    request: dict
    errors: list[dict] = field(default_factory=list)
    reply: tuple[list, dict] | None = None  # frames, message
    idle: list | None = None  # frames
    start: float = field(default_factory=time.monotonic)
    again: str | None = None  # the code to run instead
    is_again: bool = False  # it runs

    def outcome(self, content: dict) -> dict:
        """The content of the reply: with status error and the reason if there was any error."""
        if content["status"] == "ok" and not self.errors:
            return content
        first = self.errors[0] if self.errors else {}
        return {
            "status": "error",
            "execution_count": content.get("execution_count"),
            "ename": first.get("ename", "Error"),
            "evalue": first.get("evalue", "the kernel gave no reason"),
            "traceback": [line for error in self.errors for line in error["traceback"]],
        }


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

    def start(self, cells: Cells, notice: str) -> None:
        """Lets Jupyter's messages through. The first cell that runs prints the notice to stderr."""
        self.cells, self.notice = cells, notice
        self.poller.unregister(self.back["probe"])
        self.back.pop("probe").close(linger=0)
        for channel in CHANNELS:
            self.poller.register(self.front[channel], zmq.POLLIN)

    def step(self, milliseconds: int) -> None:
        """Waits for messages for so long at most, and passes them on."""
        ready = self._poll(milliseconds)
        for socket, handle in (
            (self.front["control"], self._control),
            (self.back["control"], self._control_reply),
            (self.back["iopub"], self._output),
            (self.back["shell"], self._shell_reply),
            (self.front["shell"], self._shell),
            (self.back["stdin"], lambda: self._pass(self.back["stdin"], self.front["stdin"])),
            (self.front["stdin"], lambda: self._pass(self.front["stdin"], self.back["stdin"])),
        ):
            if socket in ready:
                handle()

    def close(self) -> None:
        """Sends what is still to be sent and frees the addresses."""
        for socket in self.back.values():
            socket.close(linger=0)
        for socket in self.front.values():
            socket.close()
        self.context.term()

    def _poll(self, milliseconds: int) -> dict:
        ready = dict(self.poller.poll(milliseconds))
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
        if message["msg_type"] != "shutdown_request":
            self.back["control"].send_multipart(frames)
            return
        # evcxr would finish the running cell first; it has nothing to save, so it is ended instead.
        content = {"status": "ok", "restart": message["content"].get("restart", False)}
        identities = self._identities(frames)
        self.session.send(self.front["control"], "shutdown_reply", content, message, identities)
        self.session.send(self.front["iopub"], "shutdown_reply", content, message)
        self.shut_down = True

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
                    code = self.cells.prepared(message["content"]["code"])
                except Refused as refused:
                    self._refuse(frames, message, str(refused))
                    continue
                self.running = Execution(self._identities(frames), message)
                frames = self._with_code(frames, message, code)
            self.back["shell"].send_multipart(frames)

    def _with_code(self, frames: list, request: dict, code: str) -> list:
        """The frames of an execute_request with another code."""
        if code == request["content"]["code"]:
            return frames
        request = request | {"content": request["content"] | {"code": code}}
        return self.session.serialize(request, self._identities(frames))

    def _refuse(self, frames: list, request: dict, reason: str) -> None:
        """Answers a cell with an error in evcxr's stead."""
        error = {"ename": "Error", "evalue": reason, "traceback": [f"Error: {reason}"]}
        reply = {"status": "error", "execution_count": None} | error
        self._publish("status", {"execution_state": "busy"}, request)
        self._publish("error", error, request)
        self.session.send(
            self.front["shell"], "execute_reply", reply, request, self._identities(frames)
        )
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
        frames, message = self._receive(self.back["iopub"])
        if not message:
            return
        run, kind, content = self.running, message["msg_type"], message["content"]
        if not run or message["parent_header"].get("msg_id") != run.request["header"]["msg_id"]:
            self.front["iopub"].send_multipart(frames)
            return
        if kind == "execute_result" and FAILURE in content["data"]:
            self._failure(message)
            return
        if kind == "status" and content["execution_state"] == "idle":
            run.idle = frames
            self._finish()
            return
        if run.is_again and kind in ("status", "execute_input"):
            return
        if kind == "error" and not run.is_again and (typed := self.cells.typed(run.request["content"]["code"], content)):
            run.again = typed
            return
        if kind == "execute_input":
            # evcxr may have got it in other words.
            content["code"] = run.request["content"]["code"]
            self.session.send(self.front["iopub"], message)
        else:
            self.front["iopub"].send_multipart(frames)
        if kind == "error":
            run.errors.append(content)
        elif kind == "execute_input" and self.notice:
            self._publish("stream", {"name": "stderr", "text": self.notice}, run.request)
            self.notice = ""

    def _failure(self, result: dict) -> None:
        """Publishes the error that a result stands for, after what else the cell shows."""
        failure = result["content"]["data"].pop(FAILURE)
        if result["content"]["data"]:
            self.session.send(self.front["iopub"], result)
        error = {"ename": "Error", "evalue": str(failure), "traceback": [str(failure)]}
        if isinstance(failure, dict):
            error |= {name: failure[name] for name in error if name in failure}
        if not any(error["evalue"] in line for line in error["traceback"]):
            # Front ends show the traceback alone.
            error["traceback"] = [*error["traceback"], f"{error['ename']}: {error['evalue']}"]
        self._publish("error", error, self.running.request)
        self.running.errors.append(error)

    def _publish(self, kind: str, content: dict, parent: dict) -> None:
        self.session.send(self.front["iopub"], kind, content, parent)

    def _finish(self) -> None:
        """Answers the request once evcxr has answered it and is idle."""
        run = self.running
        if not (run.idle and run.reply):
            return
        if run.again:
            # The first time evcxr did not know a variable's type, and ran nothing.
            typed, (frames, _) = run.again, run.reply
            run.again, run.is_again, run.reply, run.idle = None, True, None, None
            self.back["shell"].send_multipart(self._with_code(frames, run.request, typed))
            return
        self._fetch_requests()  # before the answer: what comes after it was not queued
        frames, reply = run.reply
        content = run.outcome(reply["content"])
        if content == reply["content"]:
            self.front["shell"].send_multipart(frames)
        else:
            reply["content"] = content
            self.session.send(self.front["shell"], reply, ident=run.identities)
        if (seconds := time.monotonic() - run.start) > LONG_SECONDS:
            self._publish("display_data", duration(seconds), run.request)
        self.front["iopub"].send_multipart(run.idle)
        self.running = None
        if content["status"] == "error":
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
        self.session.send(
            self.front["shell"], "execute_reply", content, request, identities, metadata=content
        )
        self._publish("status", {"execution_state": "idle"}, request)
