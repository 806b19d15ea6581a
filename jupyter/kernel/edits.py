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
# Commands that change how evcxr shows values.
FORMATS = (":fmt", ":types")
UNTYPED = "Couldn't automatically determine type of variable"


class Refused(Exception):
    """The cell must not run; the message is a sentence for the user."""


@dataclass
class Implementation:
    """An `impl` of a cell."""

    header: str
    is_of_trait: bool
    defines: set[str]
    beside: str  # the item that comes before it in its cell
    position: int
    marker: str = ""  # the constant whose name stands for it

    @classmethod
    def of(cls, statement: Statement, keyword: int, beside: str, position: int) -> "Implementation":
        words = statement.words[keyword:]
        head = words[: words.index("{")] if "{" in words else words
        inner = [token.text for token in statement.tokens if token.depth == 1]
        defines = {name for word, name in pairwise(inner) if word in ("fn", "const", "type")}
        return cls(" ".join(head), "for" in head, defines, beside, position)

    def replaces(self, old: "Implementation") -> bool:
        return self.header == old.header and (self.is_of_trait or bool(self.defines & old.defines))


@dataclass
class Edits:
    """The edits of the cells of a kernel, in its folder."""

    folder: PrivateFolder | None = None
    implementations: list[Implementation] = field(default_factory=list)
    made: int = 0
    notes: list[str] = field(default_factory=list)  # what the reader of the cell must know

    def prepared(self, code: str) -> str:
        """A cell as evcxr gets it: with the same lines. Refused: it cannot run, or would spoil the cells after it."""
        if self.folder and (reason := self.folder.before_cell()):
            raise Refused(reason)
        rust, start = syntax.rust(code)
        for setting in filter(None, map(COMMAND.match, code[:start].splitlines())):
            allowed, sentence = SETTINGS.get(setting[1], (None, ""))
            if allowed and setting[2] and not allowed.fullmatch(setting[2]):
                raise Refused(sentence.format(setting[2]))
            if setting[1] in FORMATS and self.folder:
                self.folder.show_values_by_evcxr()
        names, found, parts = {}, [], statements(rust)
        for before, statement in zip([None, *parts], parts, strict=False):
            keyword = statement.keyword()
            if keyword is None:
                continue
            words = statement.words[keyword:]
            name = next((word for word in words[1:] if re.match(r"[^\W\d]", word)), "")
            if words[0] in NAMED | {"macro_rules"}:
                if RESERVED.fullmatch(name) or RESERVED.fullmatch(f"{words[0]} {name}"):
                    raise Refused(f"evcxr itself uses the name `{name}` in every cell: choose another one")
                names[name] = statement.end
            elif words[0] == "impl":
                # Behind the statement before it, so that a report of its errors does not show the constant.
                position = before.end if before else statement.tokens[0].start
                found.append(Implementation.of(statement, keyword, next(reversed(names), ""), position))
        for position, marker in sorted(self._markers(found, names), key=lambda pair: pair[0], reverse=True):
            rust = f"{rust[:position]} const {marker}: () = ();{rust[position:]}"
        return code[:start] + rust

    def _markers(self, found: list[Implementation], names: dict[str, int]) -> list[tuple[int, str]]:
        """Where to put constants: before each `impl`, and, without it, for those that are no more.

        An `impl` is no more when another one replaces it, or when its cell runs again without it.
        """
        none = []
        for old in list(self.implementations):
            new = next((new for new in found if new.replaces(old)), None)
            if not new and old.beside not in names:
                continue
            self.implementations.remove(old)
            if new and not new.marker:
                new.marker = old.marker
            else:
                none.append((new.position if new else names[old.beside], old.marker))
            kept = set().union(*(new.defines for new in found if new.header == old.header))
            if new and not (old.is_of_trait or old.beside in names) and (lost := old.defines - kept):
                self.notes.append(f"`{old.header}` has lost {', '.join(sorted(lost))}: this cell replaces it.\n")
        for new in found:
            if not new.marker:
                new.marker, self.made = f"__IMPL_{self.made}", self.made + 1
        self.implementations += found
        return [(new.position, new.marker) for new in found] + none

    def typed(self, code: str, errors: list[dict]) -> str | None:
        """The cell with the types that rustc has found, if rust-analyzer found none: that was the error."""
        is_untyped = any(UNTYPED in error["evalue"] for error in errors)
        if not is_untyped or any(line.startswith("!") for line in code.splitlines()):
            return None
        types = self.folder.types()
        return with_types(self.prepared(code), types) if types else None


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
