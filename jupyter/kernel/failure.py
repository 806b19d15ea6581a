"""Why a cell failed: the content of Jupyter's `error` message, with the reason in a sentence."""

import re

INTERRUPTED = "Interrupted"
# libtorch's errors end in some thirty frames of C++; in a panic's message the line breaks are escaped.
FRAMES = re.compile(r"(?:\n|\\n)Exception raised from .*", re.DOTALL)
# A place in the code that evcxr compiles, as native/runtime.rs names it.
PLACE = re.compile(r" \(line (\d+) of src/lib\.rs\)$")
# A place in a cell as evcxr's report of a compile error has it, with a count of its own; it always is the cell's begin.
EVCXR_PLACE = re.compile(r"command_\d+:\d+:\d+")
# A line of the cell in such a report.
NUMBER = re.compile(r" *(\d+) │")
# How evcxr's report of a compile error begins, with rustc's code or a lint's name.
CODE = re.compile(r"(?:\x1b\[[0-9;]*m)*\[(\w+)\]")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
LINT = re.compile(
    r"unused |unreachable |variable .* is assigned|value assigned|.* is never (?:used|read)|.*should have"
)
# Lints that are errors without being asked for.
DENIED = {"unconditional_panic", "arithmetic_overflow", "overflowing_literals", "invalid_from_utf8_unchecked"}


def error(reason: str, name: str = "Error") -> dict:
    """An error with a reason."""
    return {"ename": name, "evalue": reason, "traceback": [f"\x1b[31m{name}\x1b[0m: {reason}"]}


def of_evcxr(content: dict, code: str, count: int) -> dict:
    """An error that evcxr tells of, in the cell of a count."""
    reason = FRAMES.sub("", content["evalue"])
    if reason.startswith("Subprocess terminated"):
        reason = f"{reason.replace('Subprocess', 'the process of the cells')}; all variables are lost"
        return content | {"evalue": reason, "traceback": [reason]}
    return content | {"evalue": reason, "traceback": with_place(content["traceback"], code, count)}


def with_place(traceback: list[str], code: str, count: int) -> list[str]:
    """A report of a compile error that says which lines of which cell it is about."""
    lines = code.splitlines()
    numbers = [int(number[1]) for line in traceback if (number := NUMBER.match(ANSI.sub("", line)))]
    if not numbers and traceback and traceback[0] in lines:
        # evcxr shows a cell that is not ASCII without a frame.
        return [f"cell {count}, line {lines.index(traceback[0]) + 1}:", *traceback]
    first, last = min(numbers, default=1), max(numbers, default=1)
    place = f"cell {count}, line {first}" if first == last else f"cell {count}, lines {first} to {last}"
    return [EVCXR_PLACE.sub(place, line) for line in traceback]


def of_cell(words: str, panicked: bool, code: str, compiled: list[str]) -> dict:
    """A panic, or an error that a cell returned; `words` is what it said, `compiled` the lines it ran as."""
    reason = FRAMES.sub("", words) or "no reason is given"
    if place := PLACE.search(reason):
        reason = reason[: place.start()] + place_in_cell(int(place[1]), code, compiled)
    if reason.lower().startswith("interrupted"):
        return error(f"{reason.rstrip('.')}; the variables of earlier cells are kept", INTERRUPTED)
    return error(reason, "Panic" if panicked else "Error")


def place_in_cell(number: int, code: str, compiled: list[str]) -> str:
    """Where a line of compiled code is in a cell: evcxr compiles its lines as they are, but in another place."""
    if not 1 <= number <= len(compiled):
        return ""
    line = compiled[number - 1].strip()
    same_before = sum(other.strip() == line for other in compiled[: number - 1])
    same = [index for index, other in enumerate(code.splitlines(), 1) if line and line in other]
    if not same:
        return f" (in a function of an earlier cell: `{line}`)"
    return f" (line {same[min(same_before, len(same) - 1)]}: `{line}`)"


def of_value(data: dict) -> dict | None:
    """The error that a cell's value is, if it is an `Err` as Rust prints it."""
    text = data.get("text/plain", "")
    if set(data) == {"text/plain"} and text.startswith("Err(") and text.endswith(")"):
        return error(FRAMES.sub("", text[4:-1]))
    return None


def shown(content: object) -> dict:
    """The error that the crate's failure message describes."""
    if not isinstance(content, dict):
        return error(str(content))
    found = error(str(content.get("evalue", "")), content.get("ename", "Error"))
    lines = content.get("traceback", [])
    # Front ends show the traceback alone.
    return found | {
        "traceback": lines if any(found["evalue"] in line for line in lines) else [*lines, *found["traceback"]]
    }


def interrupted(started: bool, killed: bool) -> dict:
    """The error of an interrupted cell that does not say so itself."""
    if killed:
        return error("the cell did not end by itself, so its process was ended; all variables are lost", INTERRUPTED)
    if started:
        return error("interrupted; the variables of earlier cells are kept", INTERRUPTED)
    return error("interrupted while it was compiled; all variables are kept", INTERRUPTED)


def joined(errors: list[dict]) -> dict:
    """Several errors as one, the first real one first. Warnings, which evcxr gives beside them, are left out."""
    ranked = sorted(errors, key=_rank)
    real = [error for error in ranked if _rank(error) == _rank(ranked[0])]
    return real[0] | {"traceback": [line for error in real for line in error["traceback"]]}


def _rank(error: dict) -> int:
    """0 for an error, 1 for a lint that is one, 2 for a warning."""
    code = CODE.match(error["traceback"][0]) if error["traceback"] else None
    if code:
        return 0 if code[1].startswith("E0") else 1 if code[1] in DENIED else 2
    return 2 if LINT.match(ANSI.sub("", error["evalue"])) else 0
