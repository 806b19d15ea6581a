"""Another copy of the project: what in it changes, is interrupted or cannot be written to."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig

import psutil
import pytest
from jupyter_client.connect import write_connection_file

from kernel import folder
from kernel.folder import KERNEL, ROOT
from namespaces import read_only
from test_kernel import DEP, Kernel, alive, wait_until


@pytest.fixture
def project():
    """A copy of the project in a folder whose name has spaces and letters beyond ASCII."""
    path = ROOT / "target" / "tests" / "Grüße aus Köln"
    for remains in (path, folder.kernel_folder(path)):
        shutil.rmtree(remains, ignore_errors=True)
    (path / "notebooks").mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", "tests")
    shutil.copytree(ROOT / "jupyter", path / "jupyter", ignore=ignored)
    # A crate of one line compiles in a second: these tests ask when it is compiled, not what.
    shutil.copytree(ROOT / "crate", path / "crate", ignore=shutil.ignore_patterns("src"))
    (path / "crate" / "src").mkdir()
    (path / "crate" / "src" / "lib.rs").write_text("pub mod prelude {}\n")
    shutil.copytree(ROOT / "data", path / "data", ignore=shutil.ignore_patterns("mnist", "__pycache__"))
    for name in ("Cargo.toml", "Cargo.lock", "Makefile"):
        shutil.copy2(ROOT / name, path)
    shutil.copytree(ROOT / ".cargo", path / ".cargo")
    kernels = folder.kernel_folder(path)
    with folder.locked(kernels / "lock"):
        folder.copy_tree(KERNEL / "warm", kernels / "warm", links=True)
    yield path
    shutil.rmtree(path)
    # A kernel that ends removes its own folder there at the same time.
    shutil.rmtree(kernels, ignore_errors=True)


def test_a_changed_crate_is_used_by_the_next_kernel(project):
    source = project / "crate" / "src" / "lib.rs"
    original = source.read_text()
    # The second text is as long as the first, and its file is no newer: cargo alone would miss it.
    for number in ("one", "two"):
        source.write_text(f'{original}\npub fn changed() -> &\'static str {{ "{number}" }}\n')
        os.utime(source, (1e9, 1e9))
        with Kernel(project) as started:
            assert started.value(DEP + "hinge::changed()") == f'"{number}"'


def test_a_crate_that_changes_under_a_kernel_stops_its_next_cell(project):
    source = project / "crate" / "src" / "lib.rs"
    original = source.read_text()
    with Kernel(project) as started:
        assert started.value(DEP + "1 + 1") == "2"
        source.write_text(f"{original}\npub fn changed() {{}}\n")
        reply, outputs = started.run("1 + 1")
        assert reply["status"] == "error"
        assert "restart the kernel" in reply["evalue"]
        assert [content["evalue"] for kind, content in outputs if kind == "error"] == [reply["evalue"]]
        source.write_text(original)
        assert started.value("1 + 1") == "2"


@pytest.fixture
def changed_lock(project):
    """The project's lock file, after a change that no other file shows."""
    lock = project / "Cargo.lock"
    with open(lock, "a") as file:
        file.write("# changed\n")
    return lock


def test_a_changed_lock_file_is_told_by_the_next_kernel(project, changed_lock):
    with Kernel(project) as started:
        _, outputs = started.run(DEP + "1 + 1")
        said = [content["text"] for kind, content in outputs if kind == "stream" and content["name"] == "stderr"]
        assert "its build folder is out of date (dependencies changed)" in "".join(said)
        assert dict(outputs)["execute_result"]["data"]["text/plain"] == "2"


def test_a_kernel_has_the_lock_file_that_was_there_when_it_started(project, changed_lock, monkeypatch):
    monkeypatch.setattr(folder, "ROOT", project)
    private, before = folder.PrivateFolder(folder.kernel_folder(project)), changed_lock.read_text()
    changed_lock.write_text("version = 4\n")
    (private.evcxr / "Cargo.lock").write_text("version = 4\n")  # as evcxr does without the crate
    assert private.before_cell() == ""
    assert (private.evcxr / "Cargo.lock").read_text() == before
    private.lock.close()


# Set-up


@pytest.fixture
def environment(project):
    """The project with a separate environment, which has our Python packages, evcxr and libtorch."""
    venv = project / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    stamp = "from setup.environment import *; (OWN / 'python.stamp').write_text(venv_stamp(OWN, LOCK))"
    subprocess.run([sys.executable, "-c", stamp], cwd=project / "jupyter", check=True)
    return project


def make_kernel(project, **options) -> psutil.Popen:
    """Starts `make kernel` in a project."""
    variables = {name: value for name, value in os.environ.items() if name != "CONDA_PREFIX"}
    return psutil.Popen(
        ["make", "kernel"],
        cwd=project,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **options,
    )


COMPILES = "Compiling the crate and its dependencies for the kernels"


def test_set_ups_go_on_after_a_killed_one_and_wait_for_each_other(environment):
    """One test for both, as each takes a compilation of the crate."""
    kernels = folder.kernel_folder(environment)
    before = folder.warm_inputs(kernels)
    killed = make_kernel(environment)
    assert wait_until(lambda: any(kernels.glob("run/*/evcxr/target/*/debug/deps")))
    started = killed.children(recursive=True)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert wait_until(lambda: not any(map(alive, started)))
    assert wait_until(lambda: not any((kernels / "run").iterdir()))
    assert folder.warm_inputs(kernels) == before

    both = [make_kernel(environment) for _ in range(2)]
    said = [process.communicate(timeout=900)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(text.count(f"{COMPILES}: done") for text in said) == [0, 1]
    assert sum("Another set-up is under way: waiting for it." in text for text in said) == 1
    assert wait_until(lambda: not any((kernels / "run").iterdir()))
    with Kernel(environment) as kernel:
        outputs = kernel.run(DEP + "1 + 1")[1]
        assert dict(outputs)["execute_result"]["data"]["text/plain"] == "2"
        assert "stream" not in dict(outputs)  # no notice: nothing is out of date


# A project that cannot be written to


def run_read_only(project, *command) -> subprocess.CompletedProcess:
    return subprocess.run(read_only(project, *command), cwd=project, capture_output=True, text=True, timeout=300)


@pytest.fixture
def checkout(tmp_path):
    """A fresh clone of the project, without set-up."""
    for name in ("jupyter", "crate", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "mnist"))
    for name in ("Cargo.toml", "Cargo.lock", "Makefile"):
        shutil.copy2(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("target", ["kernel", "report", "lab", "notebooks"])
def test_a_target_of_make_says_in_a_sentence_that_the_folder_is_read_only(checkout, target):
    done = run_read_only(checkout, "make", target)
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert said == [f"The project cannot be set up: [Errno 30] Read-only file system: '{checkout / '.venv'}'."]


def test_a_kernel_says_in_a_sentence_that_the_folder_is_read_only(checkout, tmp_path_factory):
    connection = tmp_path_factory.mktemp("connection") / "connection.json"
    write_connection_file(str(connection), key=b"secret")
    done = run_read_only(checkout, sys.executable, checkout / "jupyter" / "kernel", connection)
    assert done.returncode != 0
    assert re.fullmatch(
        r"The Rust kernel cannot run: the kernel's build folder cannot be made: "
        rf"\[Errno 30\] Read-only file system: '{checkout}.*'\.\n",
        done.stderr,
    )


def test_a_download_says_in_a_sentence_that_the_folder_is_read_only(checkout):
    done = run_read_only(checkout, sys.executable, checkout / "data" / "fetch.py")
    assert done.returncode != 0
    assert done.stderr.startswith(f"fetch.py: {checkout / 'data' / 'mnist'}: expected a folder to write to")
