"""The syntax of a cell, as far as the launcher needs it: statements, and brackets, strings and comments without an end.

evcxr drops what follows an unfinished one without a word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

# The first lines of a cell that are evcxr's own: commands, shell commands, and what may stand between them.
COMMAND = re.compile(r"!| *:[^ ]*( +.*)?$")
BETWEEN = re.compile(r"//|\s*$")
MAGIC = re.compile(r"%%?\w+")
# Help as IPython has it. `name?` is Rust, too: where the name can be a variable, it is.
HELP = re.compile(r"\s*(?:\?\??\s*([\w:.!]+)|([\w:.!]+)\?\?|((?=[\w:.]*[:.A-Z])[\w:.]+)\?)\s*$")
# A call whose arguments the cursor is in.
CALL = re.compile(r"[\w:.]*\w(?=!?\([^()]*$)")
# Where the names are that need no path after an import.
MODULES = ("hinge::prelude", "std::collections", "std::fmt", "std::fs", "std::io", "std::sync", "std::time", "std")
TOKEN = re.compile(
    r"""
      (?P<space> \s+ | //[^\n]* )
    | (?P<comment> /\* )
    | (?P<raw> (?:b|c)?r(?P<hashes>\#*)" )
    | (?P<string> (?:b|c)?" )
    | (?P<letter> b?'(?:\\(?:x..|u\{[^}]*\}|.)|[^\\'\n])' )
    | (?P<name> '?(?:r\#)?[^\W\d]\w* )
    | (?P<number> \d\w* )
    | (?P<sign> . )
    """,
    re.X | re.S,
)
STRING_END = re.compile(r'(?:\\.|[^"\\])*"', re.S)
PAIRS = {")": "(", "]": "[", "}": "{"}
CLOSING = {opening: closing for closing, opening in PAIRS.items()}
# Between its attributes and the keyword that says what an item is.
BEFORE = {"pub", "unsafe", "async", "extern", "default", "const"}
NAMED = {"const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union"}
ITEMS = NAMED | {"impl", "use", "macro_rules"}
# A statement that begins with one of these has a block.
BLOCKS = {"if", "else", "while", "for", "loop", "match", "unsafe"}
# With one of these no statement ends.
OPERATORS = set("=+-*/%&|^<>.,:@#")


@dataclass
class Problem:
    """What is wrong, whether more lines could mend it, and the brackets that would close the open ones."""

    line: int
    sentence: str
    incomplete: bool = False
    closing: str = ""


class Token(NamedTuple):
    """A word or sign of Rust code, where it is, and in how many brackets. `missing`: it has no end, and is this."""

    text: str
    start: int
    end: int
    depth: int
    missing: str = ""


@dataclass
class Statement:
    """A statement of a cell, with its semicolon."""

    tokens: list[Token]

    @property
    def end(self) -> int:
        return self.tokens[-1].end

    @property
    def words(self) -> list[str]:
        return [token.text for token in self.tokens]

    def keyword(self) -> int | None:
        """Where among its words is the one that says what item it is; None: it is no item."""
        index = 0
        while index < len(self.tokens) and self.tokens[index].text == "#":
            index = self._closing(index + 1) + 1
        words = self.words
        while index < len(words):
            word, next = words[index], words[index + 1] if index + 1 < len(words) else ""
            if word in ITEMS and not (word == "const" and next in ("fn", "unsafe", "async", "extern", "{")):
                return None if word == "union" and not re.match(r"\w", next) else index
            if word == "(" and words[index - 1] == "pub":
                index = self._closing(index)
            elif word not in BEFORE and word[0] != '"':
                return None
            index += 1
        return None

    def _closing(self, opening: int) -> int:
        """The index of the bracket that closes the one at an index."""
        for index in range(opening + 1, len(self.tokens)):
            if self.tokens[index].depth == self.tokens[opening].depth and self.tokens[index].text in PAIRS:
                return index
        return len(self.tokens) - 1

    def binds(self) -> dict[str, bool]:
        """The names in the pattern of a `let`, and which of them are mutable."""
        names = {}
        if self.words[0] == "let":
            for before, token in pairwise(self.tokens):
                if token.text in "=:" and token.depth == 0:
                    break
                if re.match(r"[a-z_]", token.text):
                    names[token.text] = before.text == "mut"
        return names

    def has_ended(self) -> bool:
        """Whether its last brace ends it."""
        keyword = self.keyword()
        if keyword is not None:
            return self.words[keyword] not in ("use", "const", "static", "type")
        return self.words[0] != "let"

    def is_unfinished(self) -> bool:
        """Whether more must follow, although all brackets are closed."""
        first, last = self.words[0], self.words[-1]
        if last == ";" or (last == "}" and self.has_ended()):
            return False
        if first == "let" or self.keyword() is not None or (first in BLOCKS and "{" not in self.words):
            return True
        if first == "#" and self._closing(1) == len(self.tokens) - 1:
            return True
        return last in OPERATORS and not re.fullmatch(r"\d\w*\.", "".join(self.words[-2:]))


def rust(code: str) -> tuple[str, int]:
    """The Rust code of a cell, without evcxr's commands before it, and where it begins."""
    start = 0
    for line in code.splitlines(keepends=True):
        if not (COMMAND.match(line.rstrip("\r\n")) or BETWEEN.match(line)):
            break
        start += len(line)
    return code[start:], start


def after_comment(code: str, position: int) -> int:
    """Where a block comment ends that is open at a position, or -1; such comments nest."""
    depth = 1
    for sign in re.compile(r"/\*|\*/").finditer(code, position):
        depth += 1 if sign[0] == "/*" else -1
        if depth == 0:
            return sign.end()
    return -1


def tokens(code: str) -> Iterator[Token]:
    """The words and signs of Rust code, without white space and finished comments."""
    position, depth = 0, 0
    while position < len(code):
        found = TOKEN.match(code, position)
        start, position, missing = position, found.end(), ""
        if found["comment"]:
            position, missing = after_comment(code, position), "block comment"
        elif found["raw"]:
            quote = '"' + found["hashes"]
            closing = code.find(quote, position)
            position, missing = closing + len(quote) if closing >= 0 else -1, "raw string"
        elif found["string"]:
            end = STRING_END.match(code, position)
            position, missing = end.end() if end else -1, "string"
        if position < 0:
            yield Token(code[start:], start, len(code), depth, missing)
            return
        if found["space"] or found["comment"]:
            continue
        text = code[start:position]
        depth -= text in PAIRS
        yield Token(text, start, position, depth)
        depth += text in CLOSING


def statements(code: str) -> list[Statement]:
    """The statements of Rust code, as far as its brackets are right."""
    found, current = [], []
    for token in tokens(code):
        current.append(token)
        if token.depth == 0 and (token.text == ";" or (token.text == "}" and Statement(current).has_ended())):
            found.append(Statement(current))
            current = []
    return [*found, Statement(current)] if current else found


def problem(code: str) -> Problem | None:
    """The first thing without an end or a begin in a cell, or that is no Rust."""
    text, begin = rust(code)
    opened: list[Token] = []

    def line(token: Token) -> int:
        return code.count("\n", 0, begin + token.start) + 1

    if magic := MAGIC.match(text):
        sentence = f"`{magic[0]}` is a magic of IPython; `:help` lists the commands of this kernel, `!` runs programs"
        return Problem(code.count("\n", 0, begin) + 1, sentence)
    for token in tokens(text):
        if token.missing:
            return Problem(line(token), f"unterminated {token.missing}", incomplete=True)
        if token.text in CLOSING:
            opened.append(token)
        elif token.text in PAIRS:
            if not opened:
                return Problem(line(token), f"unexpected closing delimiter: `{token.text}`")
            before = opened.pop()
            if before.text != PAIRS[token.text]:
                sentence = f"`{token.text}` closes the `{before.text}` of line {line(before)}: mismatched brackets"
                return Problem(line(token), sentence)
    if opened:
        closing = "".join(CLOSING[token.text] for token in reversed(opened))
        return Problem(line(opened[-1]), f"unclosed delimiter: `{opened[-1].text}`", True, closing)
    return None


def is_complete(code: str) -> dict:
    """Whether a console should run a cell or go on with the next line: the content of an is_complete_reply."""
    found, parts = problem(code), statements(rust(code)[0])
    if found and not found.incomplete:
        return {"status": "invalid"}
    if found or (parts and parts[-1].is_unfinished()):
        return {"status": "incomplete", "indent": "    " * len(found.closing if found else "")}
    return {"status": "complete"}


def help_for(code: str) -> str | None:
    """The name that a cell such as `?name` asks about."""
    found = HELP.match(code)
    return found and (found[1] or found[2] or found[3]).strip("!")


def explained(code: str, cursor: int) -> list[str]:
    """What to ask evcxr about the word at the cursor, or the function whose arguments it is in, until it knows one.

    It explains what its code ends with.
    """
    word = code[: re.compile(r"\w*").match(code, cursor).end()].removesuffix("!")
    found = [word] if re.search(r"\w$", word) else []
    if path := re.search(r"(?<![.\w:])[^\W\d][\w:]*$", word):
        found += [f"{module}::{path[0]}" for module in MODULES]
    call = CALL.search(code[:cursor])
    return [*found, code[: call.end()]] if call else found


def one_by_one(code: str) -> str:
    """Code of the same length in which every character is one that evcxr counts: it counts what readers see as one."""
    return "".join(c if (c.isascii() and c != "\r") or is_letter(c) else "_" for c in code)


def is_letter(character: str) -> bool:
    """Whether it is a letter that never joins the one before it, as in Thai or old Korean."""
    return character.isalpha() and not "\u0e00" <= character < "\u1200"
