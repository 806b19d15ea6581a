"""The set-up: its pins agree, and what it finds wrong is said in a sentence."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from report import benchmark
from setup import environment
from setup.environment import HERE, JUPYTER, LIBTORCH_VERSION, OWN, ROOT, Missing, Step


def locked_versions(name):
    """Versions of the packages in a lock file; several when they depend on Python's version."""
    versions = {}
    for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (HERE / name).read_text(), re.M):
        versions.setdefault(canonicalize_name(package), []).append(version)
    return versions


def conda_packages():
    """Names and version specifications in environment.yml."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    return {re.match(r"[\w.-]+", entry)[0]: entry for entry in entries}


def run_setup(**variables):
    """Runs the set-up as a user would, with other environment variables."""
    command = [sys.executable, str(HERE), "setup"]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)


def wanted_packages():
    lines = (HERE / "requirements.in").read_text().splitlines()
    return [canonicalize_name(re.match(r"[\w.-]+", line)[0]) for line in lines if line[0] != "#"]


def test_every_wanted_package_is_locked():
    assert set(wanted_packages()) <= set(locked_versions("requirements.txt"))


def test_every_locked_package_has_hashes():
    for entry in re.split(r"\n(?=\S)", (HERE / "requirements.txt").read_text()):
        assert "--hash=sha256:" in entry


@pytest.mark.parametrize("lock", sorted(path.name for path in HERE.glob("*.txt")))
def test_lock_files_name_no_host(lock):
    assert not re.search(r"://|index-url|find-links", (HERE / lock).read_text())


def test_conda_and_pip_get_the_same_packages():
    system = {"libtorch", "rust", "rust-src", "cxx-compiler", "git", "make", "python"}
    assert {canonicalize_name(name) for name in conda_packages().keys() - system} == set(wanted_packages())


def test_conda_versions_admit_the_locked_versions():
    packages, locked = conda_packages(), locked_versions("requirements.txt")
    for name in wanted_packages():
        entry = next(entry for key, entry in packages.items() if canonicalize_name(key) == name)
        allowed = SpecifierSet(re.sub(r"^[\w.-]+", "", entry))
        assert all(version in allowed for version in locked[name]), entry


def test_everyone_formats_with_the_same_ruff():
    wanted = re.search(r'^required-version = "==([\d.]+)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]
    assert (locked_versions("requirements.txt")["ruff"], conda_packages()["ruff"]) == ([wanted], f"ruff=={wanted}")


def test_conda_and_the_wheels_have_the_same_libtorch():
    assert conda_packages()["libtorch"] == f"libtorch={LIBTORCH_VERSION}=cpu*"
    for lock in HERE.glob("libtorch-*.txt"):
        assert locked_versions(lock.name)["torch"] == [LIBTORCH_VERSION]


def test_tch_wants_our_libtorch():
    manifest = (ROOT / "crate" / "Cargo.toml").read_text()
    assert re.search(r'^tch = .*"=0\.26\.0"', manifest, re.M), "another tch wants another libtorch"


def test_conda_and_the_crate_want_the_same_rust():
    manifest = (ROOT / "crate" / "Cargo.toml").read_text()
    wanted = re.search(r'^rust-version = "([\d.]+)"', manifest, re.M)[1]
    assert conda_packages()["rust"] == f"rust>={wanted}"
    assert tuple(map(int, wanted.split("."))) == environment.RUST


def test_conda_has_the_sources_of_its_rust():
    assert conda_packages()["rust-src"] == conda_packages()["rust"].replace("rust", "rust-src")


def test_steps_that_need_not_wait_for_each_other_are_taken_side_by_side():
    both = threading.Barrier(2)
    steps = [Step(name, lambda env: False, lambda env: both.wait(timeout=60)) for name in ("one", "other")]
    environment.setup([(step,) for step in steps])


def test_missing_sources_of_rust_are_added_by_rustup(tmp_path, monkeypatch, capfd):
    said = tmp_path / "rustup"
    said.write_text('#!/bin/sh\necho "$@"\n')
    said.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    environment.install_sources(environment.environment())
    assert capfd.readouterr().out == "component add rust-src\n"
    said.write_text("#!/bin/sh\nexit 1\n")
    environment.install_sources(environment.environment())
    assert "`rustup component add rust-src`" in capfd.readouterr().out


def test_a_second_setup_does_nothing():
    result = run_setup()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("program", ["git", "cargo", "c++"])
def test_a_missing_program_is_named(program, tmp_path):
    for other in {"git", "cargo", "rustc", "c++"} - {program}:
        (tmp_path / other).symlink_to(shutil.which(other))
    result = run_setup(PATH=str(tmp_path), CXX="")
    assert result.returncode != 0
    assert result.stderr.startswith(f"{program} is missing: install ")
    assert result.stderr.count("\n") == 1


def test_an_old_rust_is_named(tmp_path):
    cargo = tmp_path / "cargo"
    cargo.write_text("#!/bin/sh\necho 'cargo 1.80.1 (376290515 2024-07-16)'\n")
    cargo.chmod(0o755)
    result = run_setup(PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.stderr == "cargo 1.80.1 (376290515 2024-07-16) is too old: Rust 1.95 is needed, `rustup update`.\n"


def test_another_libtorch_is_refused(tmp_path):
    header = tmp_path / "include" / "torch" / "version.h"
    header.parent.mkdir(parents=True)
    header.write_text('#define TORCH_VERSION "2.4.1"\n')
    result = run_setup(LIBTORCH=str(tmp_path))
    assert result.returncode != 0
    assert f"{tmp_path} holds libtorch 2.4.1, but {LIBTORCH_VERSION} is needed" in result.stderr


def test_a_given_libtorch_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("LIBTORCH", str(tmp_path))
    assert environment.environment().libtorch == tmp_path


def test_an_active_conda_environment_with_libtorch_is_used(monkeypatch, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libtorch_cpu.so").touch()
    monkeypatch.delenv("LIBTORCH", raising=False)
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    env = environment.environment()
    assert (env.prefix, env.libtorch) == (tmp_path, tmp_path)
    assert env.kernelspec == tmp_path / "share" / "jupyter" / "kernels" / "rust"


def test_a_conda_environment_without_libtorch_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("LIBTORCH", raising=False)
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    assert environment.environment() == environment.Environment(OWN, OWN / "libtorch")


def test_only_the_cpu_part_of_a_wheel_is_unpacked(tmp_path):
    wheel = tmp_path / "torch.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("lib/libtorch_cpu.so", "lib/libtorch_cuda.so", "include/ATen/ATen.h", "nn/__init__.py"):
            archive.writestr(f"torch/{name}", name)
    environment.unpack(wheel, tmp_path / "libtorch", re.compile(r".*/lib/libtorch_cpu\.so"))
    unpacked = {str(path.relative_to(tmp_path / "libtorch")) for path in tmp_path.glob("libtorch/**/*.*")}
    assert unpacked == {"lib/libtorch_cpu.so", "include/ATen/ATen.h"}


def test_packages_are_installed_once_for_each_lock(tmp_path, monkeypatch):
    commands, lock = [], tmp_path / "requirements.txt"
    (tmp_path / "venv").mkdir()
    monkeypatch.setattr(environment, "call", lambda *command: commands.append(command))
    for text in ("a==1", "a==1", "a==2"):
        lock.write_text(text)
        environment.separate_venv(tmp_path / "venv", lock, "Installing a")
    assert [command[2] for command in commands] == ["venv", "pip", "venv", "pip"]


def test_a_failed_command_is_named():
    with pytest.raises(Missing, match=r"`false ...` failed with status 1"):
        environment.call("false")


def test_the_kernelspec_carries_what_the_kernel_needs():
    env = environment.environment()
    spec = json.loads((env.kernelspec / "kernel.json").read_text(encoding="utf-8"))
    assert spec["argv"][1:] == [str(JUPYTER / "kernel"), "{connection_file}"]
    assert spec["interrupt_mode"] == "message"
    assert spec["env"]["LIBTORCH"] == str(env.libtorch)
    assert spec["env"][environment.LIBRARY_PATH] == str(env.libtorch / "lib")
    assert environment.is_evcxr(environment.Path(spec["env"]["EVCXR_JUPYTER"]))


def test_search_paths_keep_each_entry_once():
    assert environment.joined("/a", "/b:/a", "", "/c") == "/a:/b:/c"


def test_help_names_targets_that_exist():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^make (\w+)", shown, re.M)
    assert {"report", "test", "browser", "lab", "notebooks", "data", "bench", "clean"} <= set(targets)
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_readme_quotes_the_ratios_that_were_measured():
    section = (ROOT / "README.md").read_text().split("## Speed")[1].split("\n## ")[0]
    assert section.endswith("\n\n" + benchmark.read(ROOT / "bench" / "results.json").table)
