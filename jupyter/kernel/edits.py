"""What is changed in a cell before evcxr gets it, so that none spoils the ones after it.

evcxr keeps the items of a cell by their names, and an item run again replaces the one before. An `impl` has no
name: run again, it is there twice. So it follows a constant whose name stands for it. What evcxr would accept,
and then fail at with every later cell, is refused.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from kernel import syntax
from kernel.folder import PrivateFolder
from kernel.syntax import NAMED, Statement, statements

COMMAND = re.compile(r" *(:[^ ]*)(?: +(.*))?$")
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
