"""What the process that runs cells writes: text, evcxr's marker lines, values to show, messages of the crate."""

import codecs
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# The begin of a frame of the preloaded library, see native/preload.c.
ERRORS = b"\x1ehinge2 "
# Lines of evcxr's protocol, from its runtime.rs and evcxr_internal_runtime.rs.
COMPLETE = b"EVCXR_EXECUTION_COMPLETE"
PANICKED = b"EVCXR_PANIC_NOTIFICATION"
RETURNED_ERROR = b"EVCXR_ERROR_OCCURRED"
INPUT_REQUEST = b"EVCXR_INPUT_REQUEST"
TOKEN = re.compile(
    rb"(?P<marker>EVCXR_EXECUTION_COMPLETE|EVCXR_PANIC_NOTIFICATION|EVCXR_ERROR_OCCURRED"
    rb"|EVCXR_VARIABLE_CHANGED_TYPE:[^\n]*|EVCXR_INPUT_REQUEST[^\n]*)\n"
    rb"|EVCXR_BEGIN_CONTENT (?P<mime>[^ \n]+)\n"
    rb"|\x1ehinge(?P<message>\{[^\n]*\})\n"
)
END = re.compile(rb"(?:^|\n)(?:EVCXR_END_CONTENT\n|(?=EVCXR_PANIC_NOTIFICATION\n|EVCXR_EXECUTION_COMPLETE\n))")
# The begin of a token whose rest has not come.
UNFINISHED = re.compile(rb"(?:EVCXR_|\x1ehinge)[^\n]*\Z|E(?:V(?:C(?:X(?:R)?)?)?)?\Z|\x1e(?:h(?:i(?:n(?:g)?)?)?)?\Z")


@dataclass
class Text:
    """Text of a stream, `stdout` or `stderr`. `piece`: all that one call wrote, so a reader sees where one ends."""

    stream: str
    text: bytes
    piece: bool = False


@dataclass
class Marker:
    """A line that is meant for evcxr."""

    line: bytes


@dataclass
class Content:
    """One representation of a value."""

    mime: str
    content: str


@dataclass
class Message:
    """What the crate or the preloaded library has to say."""

    content: dict


Event = Text | Marker | Content | Message


class Parser:
    """Splits the bytes of standard output into events. Nothing is dropped: what is no token is text."""

    def __init__(self):
        self.raw = bytearray()  # as it came, with frames
        self.plain = bytearray()  # without them
        self.mime: bytes | None = None  # of the value whose content is coming
        self.searched = 0  # how much of that has no end

    def feed(self, chunk: bytes) -> Iterator[Event]:
        self.raw += chunk
        while (start := self.raw.find(ERRORS)) >= 0:
            yield from self._plain(start)
            head = self.raw.find(b"\n")
            size = self.raw[len(ERRORS) : head]
            if head < 0:
                return
            if not size.isdigit():  # text that looks like a frame
                yield from self._plain(head)
                continue
            end = head + 1 + int(size)
            if len(self.raw) < end:
                return
            yield Text("stderr", bytes(self.raw[head + 1 : end]), piece=True)
            del self.raw[:end]
        cut = self.raw.rfind(b"\x1e", -len(ERRORS))
        yield from self._plain(cut if cut >= 0 and ERRORS.startswith(self.raw[cut:]) else len(self.raw))

    def close(self) -> Iterator[Event]:
        """What is left when no more will come."""
        rest = bytes(self.plain + self.raw)
        self.__init__()
        if rest:
            yield Text("stdout", rest)

    def _plain(self, size: int) -> Iterator[Event]:
        self.plain += self.raw[:size]
        del self.raw[:size]
        while self.plain:
            if self.mime is not None:
                end = END.search(self.plain, max(0, self.searched - 40))
                if not end:
                    self.searched = len(self.plain)
                    return
                yield Content(self.mime.decode(errors="replace"), self.plain[: end.start()].decode(errors="replace"))
                self.mime, self.searched = None, 0
                del self.plain[: end.end()]
                continue
            token = TOKEN.search(self.plain)
            unfinished = None if token else UNFINISHED.search(self.plain)
            text = (token or unfinished).start() if token or unfinished else len(self.plain)
            if text:
                yield Text("stdout", bytes(self.plain[:text]))
            if not token:
                del self.plain[:text]
                return
            yield from self._token(token)
            del self.plain[: token.end()]

    def _token(self, token: re.Match) -> Iterator[Event]:
        if token["marker"]:
            yield Marker(bytes(token["marker"]))
        elif token["mime"]:
            self.mime = bytes(token["mime"])
        else:
            try:
                yield Message(json.loads(token["message"]))
            except ValueError:
                yield Text("stdout", bytes(token[0]))


class Streams:
    """The text on its way to Jupyter: joined for 50 ms, in order, as long as it is not much."""

    SECONDS = 0.05
    MOST_BYTES = 1 << 23
    # More changes between the streams than a reader can follow: each is then joined by itself.
    MOST_PARTS = 50

    def __init__(self, publish: Callable[[str, str], None]):
        self.publish = publish
        self.parts: list[tuple[str, bytearray]] = []
        self.bytes = 0
        self.due: float | None = None
        self.pieces: list[bytes] = []  # of stderr, since the cell began: the last two lines or so
        self._new_decoders()

    def _new_decoders(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")
        self.decoders = {name: decoder(errors="replace") for name in ("stdout", "stderr")}

    def add(self, text: Text) -> None:
        if text.stream == "stderr" and text.piece:
            if not self.pieces or (self.pieces[-1].endswith(b"\n") and text.text.strip()):
                self.pieces = [*self.pieces[-1:], b""]
            self.pieces[-1] += text.text
        if not self.parts or self.parts[-1][0] != text.stream:
            self.parts.append((text.stream, bytearray()))
        self.parts[-1][1].extend(text.text)
        self.bytes += len(text.text)
        self.due = self.due or time.monotonic() + self.SECONDS
        if self.bytes >= self.MOST_BYTES:
            self.flush()

    def last_words(self) -> str:
        """What was said last on stderr, usually an error. It is taken back if it is not yet published."""
        said = next((piece for piece in reversed(self.pieces) if piece.strip()), b"")
        if said and self.parts and self.parts[-1][0] == "stderr" and self.parts[-1][1].endswith(said):
            del self.parts[-1][1][-len(said) :]
        return said.decode(errors="replace").strip()

    def flush(self, final: bool = False) -> None:
        """Publishes what is there; a `final` one also the bytes of a character that was not finished."""
        parts, self.parts, self.bytes, self.due = self.parts, [], 0, None
        if len(parts) > self.MOST_PARTS:
            joined = {name: bytearray() for name, _ in parts}
            for name, text in parts:
                joined[name] += text
            parts = list(joined.items())
        for name, text in parts:
            if decoded := self.decoders[name].decode(bytes(text)):
                self.publish(name, decoded)
        if final:
            for name, decoder in self.decoders.items():
                if rest := decoder.decode(b"", final=True):
                    self.publish(name, rest)
            self._new_decoders()
            self.pieces = []
