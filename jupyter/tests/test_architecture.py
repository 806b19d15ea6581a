"""ARCHITECTURE.md is true: its picture and its list are those of the code."""

import re

import pytest

import architecture
from architecture import DOCUMENT, LISTING, PACKAGES, below, circle, layer, listing, paths, picture

RUST = architecture.rust_imports()
PYTHON = architecture.python_imports()
ARROWS = picture()


def test_the_list_of_files_is_complete_and_in_their_own_words():
    written = LISTING.search(DOCUMENT.read_text())[0]
    assert written == listing(), "run `python3 jupyter/tests/architecture.py`"


def test_the_picture_has_every_module_and_no_other():
    assert set(ARROWS).union(*ARROWS.values()) == {*map(layer, RUST), *PACKAGES}


def test_the_picture_has_no_circle():
    assert circle(ARROWS) == []


@pytest.mark.parametrize("imports", [RUST, PYTHON], ids=["crate", "Python"])
def test_no_import_goes_against_the_arrows(imports):
    wrong = [
        f"{'/'.join(user)} uses {'/'.join(used)}"
        for user, all_used in imports.items()
        for used in all_used
        if layer(used) not in {layer(user), *below(layer(user), ARROWS)}
    ]
    assert wrong == []


@pytest.mark.parametrize("imports", [RUST, PYTHON], ids=["crate", "Python"])
def test_no_files_use_each_other_in_a_circle(imports):
    assert [" uses ".join("/".join(module) for module in circle(imports))] == [""]


def test_a_study_notices_a_change_of_all_that_training_uses():
    """Threads, interrupts and errors cannot change a result."""
    hashed = re.findall(r'"src/(\w+)(?:\.rs)?",', (architecture.CRATE.parent / "build.rs").read_text())
    assert {"train", *below("train", ARROWS)} - {*hashed} == {"runtime", "error"}


@pytest.mark.parametrize(
    "tree, found",
    [
        ("crate::error::Result", ["crate::error::Result"]),
        ("super::{Run, run::at}", ["super::Run", "super::run::at"]),
        (
            "crate::{data::{Digits, Source as From}, nn}",
            ["crate::data::Digits", "crate::data::Source as From", "crate::nn"],
        ),
    ],
)
def test_a_use_item_names_its_paths(tree, found):
    assert ["::".join(path) for path in paths(tree)] == found


def test_imports_lead_to_the_file_that_defines_an_item(tmp_path, monkeypatch):
    monkeypatch.setattr(architecture, "CRATE", tmp_path)
    (tmp_path / "a").mkdir()
    for name, text in {
        "lib.rs": "mod a;\nmod b;\n",
        "a/mod.rs": "mod c;\npub use c::{Other, Item as Thing};\n",
        "a/c.rs": "pub struct Item;\n",
        "b.rs": "use crate::a::Thing;\n// crate::a::mentioned\n#[cfg(test)]\nmod tests { use crate::tested; }\n",
    }.items():
        (tmp_path / name).write_text(text)
    assert architecture.rust_imports()["b",] == {("a", "c")}
