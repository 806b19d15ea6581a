"""What is changed in a cell before evcxr gets it."""

import pytest

from kernel.edits import Edits, Refused, with_types
from kernel.syntax import statements

IMPL = "impl Point { fn norm(&self) -> f64 { self.x } }"


def starts(code):
    """The first words of a cell's statements."""
    return [statement.words[0] for statement in statements(code)]


@pytest.mark.parametrize(
    ("code", "first_words"),
    [
        ("let a = [1; 2]; a.len()", ["let", "a"]),
        ("if a { b(); } else { c } d", ["if", "else", "d"]),
        ("let a = if b { 1 } else { 2 }; c", ["let", "c"]),
        ("struct A { b: u8 } struct C(u8); C(1)", ["struct", "struct", "C"]),
        ("use a::{b, c}; fn d() {} e", ["use", "fn", "e"]),
        ('let a = "; }"; let b = \';\'; let c: &\'static str = r#"}""#; d', ["let", "let", "let", "d"]),
        ("/* ; /* } */ ; */ a // ;\n; b", ["a", "b"]),
        ("#[derive(Debug)]\npub(crate) struct A; const fn f() {} b", ["#", "const", "b"]),
    ],
)
def test_statements_are_found_in_spite_of_brackets_texts_and_comments(code, first_words):
    assert starts(code) == first_words


@pytest.mark.parametrize("code", ["a { b", "} a", '"abc', "/* a", "'", "", "\\", "a é 漢"])
def test_broken_code_is_passed_on(code):
    assert Edits().prepared(code) == code


def test_an_edited_impl_replaces_the_one_before():
    cells = Edits()
    first, again = cells.prepared(IMPL), cells.prepared(IMPL.replace("self.x", "self.y"))
    assert first == f" const __IMPL_0: () = ();{IMPL}"
    assert again.startswith(" const __IMPL_0: ")


def test_an_impl_that_defines_something_else_is_added():
    cells = Edits()
    cells.prepared(IMPL)
    assert "__IMPL_1" in cells.prepared("impl Point { fn angle(&self) -> f64 { 0. } }")


def test_an_impl_of_a_trait_replaces_that_of_the_same_trait():
    cells = Edits()
    cells.prepared("impl Show for Point { fn a() {} }")
    assert "__IMPL_0" in cells.prepared("impl Show for Point { fn b() {} }")
    assert "__IMPL_1" in cells.prepared("impl Hide for Point { fn b() {} }")


BESIDE = f"struct Point {{ x: f64 }}\n{IMPL}"


def test_an_impl_in_another_cell_replaces_the_one_beside_the_type():
    cells = Edits()
    assert cells.prepared(BESIDE) == BESIDE.replace("\n", " const __IMPL_0: () = ();\n")
    assert cells.prepared(IMPL).startswith(" const __IMPL_0: ")
    assert "const __IMPL_0: () = ();\nimpl" in cells.prepared(BESIDE)
    assert cells.notes == []


def test_a_type_that_runs_again_without_its_impl_has_none():
    cells = Edits()
    cells.prepared(BESIDE)
    alone = BESIDE.splitlines()[0]
    assert cells.prepared(alone) == f"{alone} const __IMPL_0: () = ();"
    assert cells.prepared(alone) == alone


def test_an_impl_that_replaces_two_leaves_neither():
    cells = Edits()
    both = IMPL.replace("}", "} fn angle(&self) -> f64 { 0. }", 1)
    cells.prepared(IMPL)
    cells.prepared(both.replace("fn norm(&self) -> f64 { self.x }", ""))
    assert cells.prepared(both) == f" const __IMPL_1: () = (); const __IMPL_0: () = ();{both}"


def test_what_an_impl_loses_is_said():
    cells = Edits()
    cells.prepared(IMPL.replace("}", "} fn angle(&self) -> f64 { 0. }", 1))
    cells.prepared(IMPL)
    assert cells.notes == ["`impl Point` has lost angle: this cell replaces it.\n"]


def test_a_prepared_cell_has_its_lines():
    code = f":dep a\n\nuse b::c;\n// d\n#[e]\n{IMPL}"
    assert Edits().prepared(code).count("\n") == code.count("\n")


@pytest.mark.parametrize(
    "code",
    [
        ":fmt {",
        ":fmt none",
        ":fmt {} {}",
        ":opt 9",
        ":linker nowhere",
        "struct EvcxrUserCodeError;",
        "mod evcxr_internal_runtime {}",
        "fn evcxr_variable_store() {}",
        "pub mod std {}",
        "macro_rules! println { () => {} }",
        "let a = 1;\n#[derive(Clone)] enum EvcxrUserCodeError { A }",
    ],
)
def test_what_would_spoil_later_cells_is_refused(code):
    with pytest.raises(Refused):
        Edits().prepared(code)


@pytest.mark.parametrize(
    "code", [":fmt {:?}", ":fmt {{{:#?}}}", ":opt 0", ":opt", ":vars", "let evcxr = 1;", "evcxr_input()"]
)
def test_what_spoils_nothing_is_not_refused(code):
    assert Edits().prepared(code) == code


@pytest.mark.parametrize(
    ("code", "types", "typed"),
    [
        ("let a = f(); a", {"a": "u8"}, "let a = f(); let a: u8 = a; a"),
        ("let mut a = f();", {"a": "u8"}, "let mut a = f(); let mut a: u8 = a;"),
        ("let (a, b) = f();\nb", {"a": "A", "b": "B"}, "let (a, b) = f(); let b: B = b; let a: A = a;\nb"),
        ("let a = 1; let a = f(a);", {"a": "u8"}, "let a = 1; let a = f(a); let a: u8 = a;"),
        ("let P { x, y: z } = p;", {"x": "X", "z": "Z"}, "let P { x, y: z } = p; let z: Z = z; let x: X = x;"),
        ("a.b()", {"a": "u8"}, None),
    ],
)
def test_types_follow_the_statements_that_bind_their_variables(code, types, typed):
    assert with_types(code, types) == typed
