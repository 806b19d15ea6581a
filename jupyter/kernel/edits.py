"""What is changed in a cell before evcxr gets it, so that none spoils the ones after it.

evcxr keeps the items of a cell by their names, and an item run again replaces the one before. An `impl` has no
name: run again, it is there twice. So it follows a constant whose name stands for it. What evcxr would accept,
and then fail at with every later cell, is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from kernel import syntax
from kernel.folder import PrivateFolder

TOKEN = re.compile(
    r"""
      (?P<space> \s+ | //[^\n]* )
    | (?P<comment> /\* )
    | (?P<raw> (?:b|c)?r(?P<hashes>\#*)" )
    | (?P<text> (?:b|c)?"(?:\\.|[^"\\])*" )
    | (?P<letter> b?'(?:\\(?:x..|u\{[^}]*\}|.)|[^\\'])' )
    | (?P<name> '?(?:r\#)?[^\W\d]\w* )
    | (?P<number> \d\w* )
    | (?P<sign> . )
    """,
    re.X | re.S,
)
COMMAND = re.compile(r" *(:[^ ]*)(?: +(.*))?$")
# Between its attributes and the keyword that says what an item is.
BEFORE = {"pub", "unsafe", "async", "extern", "default", "const"}
NAMED = {"const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union"}
ITEMS = NAMED | {"impl", "use", "macro_rules"}
# evcxr writes these into every cell.
RESERVED = re.compile(r"evcxr_\w+|Evcxr\w+|run_user_code_\d+|mod std|macro_rules (println|eprintln|stringify|format)")
FORMAT = re.compile(r"(?:[^{}]|\{\{|\}\})*\{(?::[^{}]*)?\}(?:[^{}]|\{\{|\}\})*")
SETTINGS = {
    ":fmt": (FORMAT, "`{}` is no format of one value, as `{{:?}}` is"),
    ":opt": (re.compile("[0-3sz]"), "`{}` is no level of optimization: these are 0 to 3, s and z"),
    ":linker": (re.compile("system|lld|mold"), "`{}` is no linker that cells can use: these are system, lld and mold"),
}
UNTYPED = "Couldn't automatically determine type of variable"


class Refused(Exception):
    """The cell must not run; the message is a sentence for the user."""


class Token(NamedTuple):
    """A word or sign of Rust code, where it stands, and in how many brackets."""

    text: str
    start: int
    end: int
    depth: int


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
        depth = self.tokens[opening].depth
        for index in range(opening + 1, len(self.tokens)):
            if self.tokens[index].depth == depth and self.tokens[index].text in ")]}":
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


def tokens(code: str) -> Iterator[Token]:
    """The words and signs of Rust code, without white space and comments."""
    position, depth = 0, 0
    while position < len(code):
        found = TOKEN.match(code, position)
        start, position = position, found.end()
        if found["comment"]:
            position = after_comment(code, position)
        elif found["raw"]:
            closing = code.find('"' + found["hashes"], position)
            position = len(code) if closing < 0 else closing + 1 + len(found["hashes"])
        if found["space"] or found["comment"]:
            continue
        text = code[start:position]
        depth -= text in (")", "]", "}")
        yield Token(text, start, position, depth)
        depth += text in ("(", "[", "{")


def after_comment(code: str, position: int) -> int:
    """Where a block comment ends that is open at a position; such comments nest."""
    depth = 1
    for sign in re.compile(r"/\*|\*/").finditer(code, position):
        depth += 1 if sign[0] == "/*" else -1
        if depth == 0:
            return sign.end()
    return len(code)


def statements(code: str) -> list[Statement]:
    """The statements of Rust code, as far as its brackets are right."""
    found, current = [], []
    for token in tokens(code):
        current.append(token)
        if token.depth == 0 and (token.text == ";" or (token.text == "}" and ends(Statement(current)))):
            found.append(Statement(current))
            current = []
    return [*found, Statement(current)] if current else found


def ends(statement: Statement) -> bool:
    """Whether a statement ends with the brace that has been closed."""
    keyword = statement.keyword()
    if keyword is not None:
        return statement.words[keyword] not in ("use", "const", "static", "type")
    return statement.words[0] != "let"


@dataclass
class Implementation:
    """An `impl` that has run: what it is for, what it defines, and the constant that stands for it."""

    header: str
    defines: set[str]
    marker: str


@dataclass
class Edits:
    """The edits of the cells of a kernel, in its folder."""

    folder: PrivateFolder | None = None
    implementations: list[Implementation] = field(default_factory=list)

    def prepared(self, code: str) -> str:
        """A cell as evcxr gets it: with the same lines. Refused: it cannot run, or would spoil the cells after it."""
        if self.folder and (reason := self.folder.before_cell()):
            raise Refused(reason)
        rust, start = syntax.rust(code)
        for setting in filter(None, map(COMMAND.match, code[:start].splitlines())):
            allowed, sentence = SETTINGS.get(setting[1], (None, ""))
            if allowed and setting[2] and not allowed.fullmatch(setting[2]):
                raise Refused(sentence.format(setting[2]))
        after_named, inserted = False, []
        for statement in statements(rust):
            keyword = statement.keyword()
            if keyword is None:
                continue
            words = statement.words[keyword:]
            name = next((word for word in words[1:] if re.match(r"[^\W\d]", word)), "")
            if words[0] in NAMED | {"macro_rules"}:
                if RESERVED.fullmatch(name) or RESERVED.fullmatch(f"{words[0]} {name}"):
                    raise Refused(f"evcxr itself uses the name `{name}` in every cell: choose another one")
                after_named = True
            elif words[0] == "impl" and not after_named:
                inserted.append((statement.tokens[0].start, self._marker(statement, keyword)))
        for position, marker in reversed(inserted):
            rust = f"{rust[:position]}const {marker}: () = (); {rust[position:]}"
        return code[:start] + rust

    def typed(self, code: str, errors: list[dict]) -> str | None:
        """The cell with the types that rustc has found, if rust-analyzer found none: that was the error."""
        is_untyped = any(UNTYPED in error["evalue"] for error in errors)
        if not is_untyped or any(line.startswith("!") for line in code.splitlines()):
            return None
        types = self.folder.types()
        return with_types(self.prepared(code), types) if types else None

    def _marker(self, statement: Statement, keyword: int) -> str:
        """The constant that stands for an `impl`: that of the one which it replaces, or a new one."""
        words = statement.words[keyword:]
        header = " ".join(words[: words.index("{")] if "{" in words else words)
        inner = [token.text for token in statement.tokens if token.depth == 1]
        defines = {name for word, name in pairwise(inner) if word in ("fn", "const", "type")}
        new = Implementation(header, defines, f"__IMPL_{len(self.implementations)}")
        is_of_trait = "for" in words[: len(header.split())]
        for old in self.implementations:
            if old.header == header and (is_of_trait or old.defines & defines):
                old.defines = defines
                return old.marker
        self.implementations.append(new)
        return new.marker


def with_types(code: str, types: dict[str, str]) -> str | None:
    """The cell with the types of its variables, after the statements that bind them; None: they are not all there."""
    rust, start = syntax.rust(code)
    places, missing = [], set(types)
    for statement in reversed(statements(rust)):
        for name, is_mutable in statement.binds().items():
            if name in missing:
                missing.remove(name)
                places.append((statement.end, f" let {'mut ' * is_mutable}{name}: {types[name]} = {name};"))
    for position, text in places:
        rust = rust[:position] + text + rust[position:]
    return code[:start] + rust if places else None
