"""How cells are linked."""

import subprocess
import sys

import pytest

from kernel import cargo

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems link cells as rustc does")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of evcxr's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cargo, "HERE", tmp_path)
    return tmp_path


def linked(folder, *words: str) -> list[str]:
    """The words that the compiler's driver gets when a cell is linked."""
    driver = folder / "cc"
    driver.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    driver.chmod(0o755)
    command = (folder / cargo.LINKER, *words)
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": str(folder)}).stdout.splitlines()


def test_the_linker_reads_the_tables_of_neither_the_crate_nor_libtorch(folder):
    assert cargo.with_own_linker(["--crate-type", "cdylib"]) == [
        "--crate-type",
        "cdylib",
        f"-Clinker={folder}/.cells/cc",
    ]
    words = linked(
        folder, "a file.o", "/deps/libhinge.so", "/lib/libstd-1.so", "-ltorch_cpu", "-ltorch", "-lc10", "-lm"
    )
    crate = ["-Wl,--no-as-needed", f"{folder}/.cells/libhinge.so", "-Wl,--as-needed"]
    assert words == ["a file.o", *crate, "/lib/libstd-1.so", "-lm"]


def test_a_library_that_stands_for_the_crate_has_its_name_alone(folder):
    cargo.with_own_linker([])
    library = folder / ".cells" / "libhinge.so"
    assert b"\0libhinge.so\0" in library.read_bytes()
    assert library.stat().st_size < 50_000


def test_a_linker_that_is_asked_for_is_used(folder):
    words = ["-C", "linker=clang"]
    assert cargo.with_own_linker(words) == words
