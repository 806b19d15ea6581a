"""Red is red from the first cell on, without the crate, and the reason is the first real error."""

import subprocess
import sys

import nbformat
import nbformat.v4 as v4
import pytest

from kernel import failure
from test_kernel import DEP, ROOT, Kernel


@pytest.fixture(scope="module")
def plain():
    """A kernel without the crate."""
    with Kernel() as started:
        yield started


@pytest.mark.parametrize(
    ("cell", "name", "reason"),
    [
        (
            "let v: Vec<i32> = vec![1];\n\nv[3];",
            "Panic",
            "panicked: index out of bounds: the len is 1 but the index is 3 (line 3: `v[3];`)",
        ),
        ("assert_eq!(1, 2);", "Panic", "panicked: assertion `left == right` failed\n  left: 1\n right: 2 (line 1: "),
        ('Err::<(), String>("no luck".into())?;', "Error", "no luck"),
        ('eprintln!("a warning"); Err::<(), String>("no luck".into())?;', "Error", "no luck"),
        ('"3x".parse::<i32>()?;', "Error", "invalid digit found in string"),
        ('"3x".parse::<i32>()', "Error", "ParseIntError { kind: InvalidDigit }"),
        ('print!("unfinished"); panic!("then this");', "Panic", "panicked: then this (line 1: "),
        (
            'std::thread::spawn(|| panic!("in a thread")).join().unwrap();',
            "Panic",
            "panicked: called `Result::unwrap()`",
        ),
        ("/* a note\npanic!();", "Error", "unterminated block comment (line 1: `/* a note`)"),
        ('}\npanic!("never");', "Error", "unexpected closing delimiter: `}` (line 1: `}`)"),
        ('{ let unused = 3; }\nlet wrong: i32 = "text";', "Error", "mismatched types"),
        (
            "let i = 1;\nlet n: i32 = [1][i + 2 - 2];\nunknown();",
            "Error",
            "cannot find function `unknown` in this scope",
        ),
    ],
)
def test_a_failed_cell_is_one_error_with_its_reason(plain, cell, name, reason):
    reply, outputs = plain.run(cell)
    assert (reply["status"], reply["ename"]) == ("error", name)
    assert reply["evalue"].startswith(reason)
    (error,) = [content for kind, content in outputs if kind == "error"]
    assert {key: reply[key] for key in error} == error
    assert plain.value("1 + 1") == "2"


def test_what_an_error_says_is_not_said_twice(plain):
    _, outputs = plain.run('eprintln!("a warning"); Err::<(), String>("no luck".into())?;')
    assert [c["text"] for kind, c in outputs if kind == "stream"] == ["a warning\n"]


def test_a_value_that_resembles_an_error_is_none(plain):
    assert plain.value('"Err(1)"') == '"Err(1)"'


def test_variables_outlive_a_panic(plain):
    plain.run("let kept: u32 = 41;")
    plain.run("panic!()")
    assert plain.value("kept + 1") == "42"


def test_an_error_of_libtorch_is_a_sentence():
    with Kernel() as started:
        started.run(DEP)
        reply, _ = started.run("hinge::tch::Tensor::from_slice(&[1., 2.]).f_reshape([3])?;")
        assert reply["evalue"].endswith("shape '[3]' is invalid for input of size 2"), reply["evalue"]
        assert "frame #" not in "\n".join(reply["traceback"])
        reply, _ = started.run("Digits::synthetic(0).sample(&Sample { train: 0, ..Sample::default() })")
        assert reply["ename"] == "Error"
        assert "but it is 0" in reply["evalue"]


def test_nbconvert_fails_at_a_panic_without_the_crate(tmp_path):
    cells = [v4.new_code_cell(cell) for cell in ("let v: Vec<i32> = vec![1];", "v[3]", '"not reached"')]
    kernel = {"name": "rust", "display_name": "Rust", "language": "rust"}
    nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "panic.ipynb")
    command = (sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", str(tmp_path / "panic.ipynb"))
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "jupyter")
    assert ended.returncode == 1
    assert "index out of bounds: the len is 1 but the index is 3 (line 1: `v[3]`)" in ended.stderr


# Several errors as one


def test_a_warning_before_an_error_is_left_out():
    warning = failure.error("unused variable: `x`") | {"traceback": ["\x1b[31m[unused_variables] Error:\x1b[0m unused"]}
    real = failure.error("mismatched types") | {"traceback": ["\x1b[31m[E0308] Error:\x1b[0m mismatched types"]}
    assert failure.joined([warning, real]) == real


def test_a_place_in_compiled_code_is_one_in_the_cell():
    compiled = ["mod evcxr {", "}", "pub fn run() {", "let a = 1;", "f(a);", "f(a);", "}"]
    assert failure.place_in_cell(6, "let a = 1;\n\nf(a);\nf(a);", compiled) == " (line 4: `f(a);`)"
    assert failure.place_in_cell(2, "let a = 1;", compiled) == " (in a function of an earlier cell: `}`)"
