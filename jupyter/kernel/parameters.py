"""Writes the parameters that papermill sets as Rust.

papermill has no entry point for languages, but it imports the engines that it finds (see hinge.dist-info): this
module has none of its own, and adds a language.
"""

import math

from papermill.exceptions import PapermillException
from papermill.translators import Translator, papermill_translators


class Rust(Translator):
    """Parameters as variables, each in the form in which a cell would have it."""

    @classmethod
    def translate_int(cls, value: int) -> str:
        return str(value) if abs(value) < 1 << 31 else f"{value}i64"

    @classmethod
    def translate_float(cls, value: float) -> str:
        if math.isfinite(value):
            return repr(value)
        return "f64::NAN" if math.isnan(value) else "f64::INFINITY" if value > 0 else "f64::NEG_INFINITY"

    @classmethod
    def translate_escaped_str(cls, value: object) -> str:
        escaped = str(value).replace("\\", r"\\").replace('"', r"\"")
        return f'"{escaped}"'

    @classmethod
    def translate_list(cls, value: list) -> str:
        return f"vec![{', '.join(map(cls.translate, value))}]"

    @classmethod
    def translate_none(cls, value: None) -> str:
        raise PapermillException("a Rust notebook has no parameter without a value: leave it out")

    @classmethod
    def translate_dict(cls, value: dict) -> str:
        raise PapermillException(f"a Rust notebook has no parameter of several fields: give each a name, not {value}")

    @classmethod
    def comment(cls, text: str) -> str:
        return f"// {text}"

    @classmethod
    def assign(cls, name: str, value: str) -> str:
        return f"let {name} = {value};"


papermill_translators.register("rust", Rust)
