"""What the launcher answers itself: all requests but those to run, complete and explain code, which evcxr answers."""

import fnmatch
import subprocess

from kernel import failure, syntax

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
SESSION = 1


def rust_version() -> str:
    """The version of rustc, as in "1.95.0"."""
    return subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split(" ")[1]


class Answers:
    """The answers of one kernel; `inputs` are the cells that have run: count, code and result."""

    def __init__(self, connection: dict):
        self.connection = connection
        self.inputs: list[tuple[int, str, str | None]] = []

    def to(self, kind: str, content: dict) -> dict | None:
        """The content of the reply to a request; None: the message is none."""
        if not kind.endswith("_request"):
            return None
        answer = getattr(self, kind, None)
        return {"status": "ok"} | answer(content) if answer else unknown(kind, content)

    def kernel_info_request(self, _: dict) -> dict:
        version = rust_version()
        return {
            "protocol_version": "5.3",
            "implementation": "hinge",
            "implementation_version": "0.1.0",
            "language_info": {
                "name": "rust",
                "version": version,
                "mimetype": "text/x-rustsrc",
                "file_extension": ".rs",
                "pygments_lexer": "rust",
                "codemirror_mode": "rust",
                "nbconvert_exporter": "script",
            },
            "banner": f"Rust {version}, by evcxr\n`:help` lists commands, `?name` explains a name, `!` runs a program.",
            "debugger": False,
            "supported_features": [],
            "help_links": [{"text": "Rust's standard library", "url": "https://doc.rust-lang.org/std/"}],
        }

    def is_complete_request(self, content: dict) -> dict:
        return syntax.is_complete(content.get("code", ""))

    def comm_info_request(self, _: dict) -> dict:
        return {"comms": {}}

    def connect_request(self, _: dict) -> dict:
        return {f"{channel}_port": self.connection[f"{channel}_port"] for channel in CHANNELS}

    def interrupt_request(self, _: dict) -> dict:
        return {}

    def shutdown_request(self, content: dict) -> dict:
        return {"restart": content.get("restart", False)}

    def history_request(self, content: dict) -> dict:
        """The cells of this kernel; those of earlier ones are not kept."""
        found = self.inputs
        count, kind = content.get("n"), content.get("hist_access_type", "tail")
        if kind == "range":
            start, stop = content.get("start") or 0, content.get("stop")
            is_this = content.get("session", 0) in (0, SESSION)
            found = [entry for entry in found if is_this and start <= entry[0] and (stop is None or entry[0] < stop)]
        elif kind == "search":
            pattern = content.get("pattern") or "*"
            found = [entry for entry in found if fnmatch.fnmatchcase(entry[1], pattern)]
            if content.get("unique"):
                found = sorted({entry[1]: entry for entry in found}.values())
        if kind != "range" and count:
            found = found[-count:]
        with_output = content.get("output")
        return {"history": [(SESSION, n, (code, result) if with_output else code) for n, code, result in found]}


def unknown(kind: str, content: dict) -> dict:
    """The answer to a request that this kernel does not know; a debugger's has a form of its own."""
    reason = f"this kernel does not know `{kind}`"
    if kind == "debug_request":
        command, number = content.get("command", ""), content.get("seq", 0)
        return {"type": "response", "request_seq": number, "success": False, "command": command, "message": reason}
    return {"status": "error"} | failure.error(reason)
