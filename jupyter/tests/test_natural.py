"""Cells as Rust is written: variables without types, on kernels with and without the sources of Rust's library."""

import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

from kernel import toolchain
from test_kernel import DEP, Kernel

# Code that binds `it`, and an expression that is true of it.
FORMS = {
    "a method with ?": (
        "let it = Experiment { epochs: 1, ..Experiment::default() }.run(&digits, 43)?;",
        "it.seed == Seeds::from(43)",
    ),
    "to_string": ("let it = 7.to_string();", 'it == "7"'),
    "an iterator": ("let it = (1..4).map(|x| x * x).collect::<Vec<_>>();", "it == [1, 4, 9]"),
    "vec": ("let it = vec![1., 2.];", "it.len() == 2"),
    "a tuple": ("let (it, other) = (1, 2.5);", "it == 1 && other == 2.5"),
    "a struct": ("let Sample { train: it, .. } = Sample::default();", "it == Sample::default().train"),
    "a field": ("let it = Experiment::default().epochs;", "it == Experiment::default().epochs"),
    "a data frame": ('let it = df!("a" => [1, 2])?;', "it.height() == 2"),
    "a method that gives a data frame": ("let it = one.frame()?;", "it.height() > 0"),
    "a tensor": ("let it = hinge::tch::Tensor::from_slice(&[1f32, 2.]);", "it.size() == [2]"),
    "an operation on tensors": ("let it = &tensor + &tensor;", "it.size() == [2]"),
    "a figure": ("let it = plot::grid(&digits.train, 1, 3)?;", "std::mem::size_of_val(&it) > 0"),
    "a boxed closure": ("let it: Box<dyn Fn(f64) -> f64> = Box::new(|x| 2. * x);", "it(2.) == 4."),
}
PREPARED = f"""{DEP}
let digits: Digits = Digits::synthetic(0);
let tensor: hinge::tch::Tensor = hinge::tch::Tensor::from_slice(&[1f32, 2.]);
let one: Runs = Experiment {{ epochs: 1, ..Experiment::default() }}.repeat(&digits, 0..2)?;"""


@pytest.fixture(scope="module")
def with_sources():
    if not toolchain.has_sources(toolchain.sysroot()):
        pytest.skip("Rust's sources are not there")
    with Kernel() as kernel:
        assert kernel.run(PREPARED)[0]["status"] == "ok"
        yield kernel


def bare_toolchain(bare: Path) -> Path:
    """Makes a toolchain like ours that has no sources, in a new folder."""
    real = toolchain.sysroot()

    def linked(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)

    for folder in ("bin", "lib"):
        shutil.copytree(real / folder, bare / folder, copy_function=linked, ignore=shutil.ignore_patterns("src"))
    return bare


@pytest.fixture(scope="module")
def without_sources(tmp_path_factory):
    """A kernel on a toolchain without sources."""
    bare = bare_toolchain(tmp_path_factory.mktemp("toolchain") / "bare")
    with mock.patch.dict(os.environ, RUSTUP_TOOLCHAIN=str(bare)), Kernel() as kernel:
        assert kernel.run(PREPARED)[0]["status"] == "ok"
        yield kernel


def asked_rustc(kernel: Kernel) -> bool:
    """Whether rust-analyzer did not know a type since this was asked last."""
    types = kernel.folder() / "evcxr" / "types.json"
    asked = types.exists()
    types.unlink(missing_ok=True)
    return asked


@pytest.mark.parametrize("form", FORMS)
def test_a_variable_needs_no_type(form, with_sources):
    code, holds = FORMS[form]
    assert with_sources.value(f"{code}\n{holds}") == "true"
    assert with_sources.value(holds) == "true"
    assert not asked_rustc(with_sources)


@pytest.mark.parametrize(
    "form", ["a method with ?", "to_string", "a tuple", "a data frame", "an operation on tensors", "a boxed closure"]
)
def test_a_variable_needs_no_type_where_rusts_sources_are_missing(form, without_sources):
    code, holds = FORMS[form]
    assert without_sources.value(f"{code}\n{holds}") == "true"
    assert without_sources.value(holds) == "true"
