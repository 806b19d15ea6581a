"""Cells that ask for further crates, and cells that fail: what was there before stays."""

import pytest

from kernel.folder import LOCAL_CRATES, ROOT
from test_kernel import DEP, Kernel


@pytest.fixture(scope="module")
def rust():
    with Kernel() as kernel:
        assert kernel.run(f"{DEP}let digits = Digits::synthetic(0);")[0]["status"] == "ok"
        yield kernel


def units(kernel: Kernel) -> dict[str, int]:
    """What cargo has compiled in a kernel's folder, and when; the cells' own aside."""
    fingerprints = (kernel.folder() / "evcxr").glob("target/*/debug/.fingerprint/*")
    newest = {unit.name: max(file.stat().st_mtime_ns for file in unit.iterdir()) for unit in fingerprints}
    return {name: time for name, time in newest.items() if not name.startswith("ctx-")}


def add(kernel: Kernel, code: str) -> str:
    """The value of a cell that adds a dependency; the test is skipped if it cannot be downloaded."""
    reply, outputs = kernel.run(code)
    if reply["status"] == "error" and "failed to" in str(reply) and "download" in str(reply):
        pytest.skip("the registry cannot be reached")
    assert reply["status"] == "ok", reply
    return next(content["data"]["text/plain"] for kind, content in outputs if kind == "execute_result")


@pytest.mark.parametrize(
    ("code", "value", "names"),
    [
        (
            ':dep itertools = "0.14"\nuse itertools::Itertools;\n(1..4).permutations(2).count()',
            "6",
            {"itertools", "either"},
        ),
        # Of its features the crate has fewer.
        (':dep rand = "0.10"\nrand::random_range(7..=7)', "7", {"rand"}),
    ],
    ids=["itertools", "rand"],
)
def test_a_dependency_of_a_cell_compiles_itself_alone_and_keeps_the_variables(rust, code, value, names):
    before = units(rust)
    assert add(rust, code) == value
    assert rust.value("digits.train.len()") == "6000"
    new = {name for name, time in units(rust).items() if before.get(name) != time}
    assert not any(name.startswith(LOCAL_CRATES) for name in new), new
    assert names <= {name.rsplit("-", 1)[0] for name in new}, new
    assert len(new) < 20, new


def test_a_value_shows_itself_also_in_the_first_cell_with_a_dependency():
    """Cargo compiles it and reports warnings of dependencies, too, which are not the cell's."""
    first = DEP.replace("../crate", str(ROOT / "crate")) + "let digits = notebook::open()?;\ndigits"
    with Kernel() as kernel:
        _, outputs = kernel.run(first)
    assert "text/html" in next(content["data"] for kind, content in outputs if kind == "execute_result")


def test_a_dependency_that_does_not_exist_leaves_the_others(rust):
    assert rust.run(':dep hinge-of-no-door = "1"\n1')[0]["status"] == "error"
    assert rust.value("digits.train.len()") == "6000"


@pytest.mark.parametrize(
    "code",
    [":fmt {", ":opt 9", ":linker none", "struct EvcxrUserCodeError;", "mod evcxr_internal_runtime {}", "mod std {}"],
)
def test_a_cell_that_would_spoil_later_ones_is_refused(rust, code):
    reply, _ = rust.run(code)
    assert reply["status"] == "error"
    assert "`" in reply["evalue"]
    assert rust.value("digits.train.len()") == "6000"
    assert rust.run('Err::<(), _>(std::io::Error::other("no"))?;')[0]["status"] == "error"


def test_an_edited_impl_can_run_again_in_its_cell_and_in_another(rust):
    first = "struct Point { x: f64 }\nimpl Point { fn norm(&self) -> f64 { self.x.abs() } }"
    other = "// Of a point\n" + first.splitlines()[1].replace("abs()", "abs() + 1.")
    for cell, norm in ((first, "2.0"), (other, "3.0"), (other.replace("1.", "2."), "4.0"), (first, "2.0")):
        assert rust.run(cell)[0]["status"] == "ok"
        assert rust.value("Point { x: -2. }.norm()") == norm


def test_a_trait_can_be_implemented_again(rust):
    assert rust.run("struct Line;")[0]["status"] == "ok"
    cell = (
        "use std::fmt;\n"
        'impl fmt::Display for Line { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { f.pad("1") } }'
    )
    assert rust.run(cell)[0]["status"] == "ok"
    assert rust.run(cell.replace("1", "2"))[0]["status"] == "ok"
    assert rust.value("Line.to_string()") == '"2"'
