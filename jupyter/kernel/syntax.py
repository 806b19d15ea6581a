"""Finds brackets, strings and comments of Rust code that have no end, or no begin.

evcxr drops what follows them without a word.
"""

import re
from dataclasses import dataclass

# The first lines of a cell that are evcxr's own: commands, shell commands, and what may stand between them.
COMMAND = re.compile(r"!| *:[^ ]*( +.*)?$")
BETWEEN = re.compile(r"//|\s*$")
TOKEN = re.compile(
    r"""(?P<line_comment>//[^\n]*)
    |(?P<comment>/\*)
    |(?P<raw>\b(?:b|c)?r(?P<hashes>\#*)")
    |(?P<string>(?:\b[bc])?")
    |(?P<char>(?:\bb)?'(?:\\(?:[^u]|u\{[^}]*\})[^']{0,2}'|[^\\'\n]'))
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])""",
    re.VERBOSE,
)
PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass
class Problem:
    """What is wrong, and whether more lines could mend it."""

    line: int
    sentence: str
    incomplete: bool = False


def rust(code: str) -> tuple[str, int]:
    """The Rust code of a cell, without evcxr's commands before it, and where it begins."""
    start = 0
    for line in code.splitlines(keepends=True):
        if not (COMMAND.match(line.rstrip("\r\n")) or BETWEEN.match(line)):
            break
        start += len(line)
    return code[start:], start


def _string_end(code: str, start: int) -> int:
    end = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL).match(code, start)
    return end.end() if end else -1


def _comment_end(code: str, start: int) -> int:
    """Comments are nested."""
    depth = 1
    for mark in re.compile(r"/\*|\*/").finditer(code, start):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return -1


def problem(code: str) -> Problem | None:
    """The first thing without an end or a begin in a cell."""
    _, position = rust(code)
    opened: list[tuple[str, int]] = []

    def line(offset: int) -> int:
        return code.count("\n", 0, offset) + 1

    while token := TOKEN.search(code, position):
        position = token.end()
        if token["comment"]:
            position = _comment_end(code, position)
            what = "unterminated block comment"
        elif token["raw"]:
            found = code.find('"' + token["hashes"], position)
            position = found + 1 + len(token["hashes"]) if found >= 0 else -1
            what = "unterminated raw string"
        elif token["string"]:
            position = _string_end(code, position)
            what = "unterminated string"
        elif token["open"]:
            opened.append((token[0], token.start()))
        elif token["close"]:
            if not opened:
                return Problem(line(token.start()), f"unexpected closing delimiter: `{token[0]}`")
            bracket, start = opened.pop()
            if bracket != PAIRS[token[0]]:
                return Problem(
                    line(token.start()),
                    f"`{token[0]}` closes the `{bracket}` of line {line(start)}: mismatched brackets",
                )
        if position < 0:
            return Problem(line(token.start()), what, incomplete=True)
    if opened:
        bracket, start = opened[-1]
        return Problem(line(start), f"unclosed delimiter: `{bracket}`", incomplete=True)
    return None
