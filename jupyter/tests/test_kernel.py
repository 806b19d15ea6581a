"""The kernel launcher's guarantees, on real kernels."""

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client import KernelManager
from jupyter_client.connect import write_connection_file

from kernel import folder, launcher
from kernel.folder import KERNEL, ROOT
from programs import program

RUN = KERNEL / "run"
DEP = ':dep hinge = { path = "../crate" }\nuse hinge::prelude::*;\n'
START_SECONDS = 90
CELL_SECONDS = 600
# How many kernels are started at once.
KERNELS = int(os.environ.get("HINGE_KERNELS", "4"))


class Kernel:
    """A started Rust kernel, as a front end sees it."""

    def __init__(self, project: Path = ROOT):
        self.manager = KernelManager(kernel_name="rust")
        if project != ROOT:
            self.manager.kernel_spec.argv[1] = str(project / "jupyter" / "kernel")
        self.manager.start_kernel(cwd=str(project / "notebooks"))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.allow_stdin = False  # nobody waits, and sees for how long
        self.client.wait_for_ready(timeout=START_SECONDS)
        self.launcher = psutil.Process(self.manager.provisioner.pid)

    def send(self, code: str, **options) -> str:
        return self.client.execute(code, **options)

    def reply(self, request: str) -> dict:
        while True:
            message = self.client.get_shell_msg(timeout=CELL_SECONDS)
            if message["parent_header"]["msg_id"] == request:
                return message["content"]

    def outputs(self, request: str) -> list[tuple[str, dict]]:
        """Types and contents of what a cell published until it was idle."""
        published = []
        while True:
            message = self.client.get_iopub_msg(timeout=CELL_SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return published
            published.append((kind, content))

    def run(self, code: str) -> tuple[dict, list[tuple[str, dict]]]:
        request = self.send(code)
        return self.reply(request), self.outputs(request)

    def value(self, code: str) -> str:
        """What the last expression of a cell shows; the cell must succeed."""
        reply, outputs = self.run(code)
        assert reply["status"] == "ok", reply
        return next(content["data"]["text/plain"] for kind, content in outputs if kind == "execute_result")

    def printed(self, code: str) -> str:
        """What a cell printed; it must succeed."""
        reply, outputs = self.run(code)
        assert reply["status"] == "ok", reply
        return text_of(outputs)

    def folder(self) -> Path:
        """Its private folder."""
        return Path(self.printed('println!("{}", std::env::var("EVCXR_TMPDIR").unwrap());').strip()).parent

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


@pytest.fixture(scope="module")
def rust():
    """One kernel for the tests of single cells; `seconds` until its first result of the crate."""
    start = time.monotonic()
    with Kernel() as started:
        started.run(DEP + '"the first result"')
        started.seconds = time.monotonic() - start
        yield started


def text_of(outputs: list[tuple[str, dict]], stream: str = "stdout") -> str:
    """What a cell wrote to a stream."""
    return "".join(content["text"] for kind, content in outputs if kind == "stream" and content["name"] == stream)


def wait_until(holds, seconds: float = 90) -> bool:
    limit = time.monotonic() + seconds
    while not holds() and time.monotonic() < limit:
        time.sleep(0.05)
    return holds()


def show(mime: str, text: str) -> str:
    """Rust code that prints a block for Jupyter."""
    block = f"EVCXR_BEGIN_CONTENT {mime}\n{text}\nEVCXR_END_CONTENT"
    return f'println!("{{}}", {json.dumps(block)});'


FAILURE = show(
    "application/vnd.hinge.failure+json",
    json.dumps({"ename": "FalseClaim", "evalue": "7 is not 8", "traceback": ["required: 8", "found: 7"]}),
)


# Cells


def test_a_cell_can_call_the_packages_that_the_crate_uses(rust):
    rust.run("use hinge::tch::{Kind, Tensor};\nuse hinge::plotters::prelude::*;")
    # Generic functions of tch are compiled in the cell and call libtorch's from there.
    assert rust.value("Tensor::from_slice(&[1., 2.]).view([2, 1]).sum(Kind::Double).double_value(&[])") == "3.0"
    assert rust.value('hinge::polars::df!("a" => [1, 2])?.height()') == "2"
    assert rust.value("hinge::serde_json::json!([1, 2]).to_string()") == '"[1,2]"'
    draw = "SVGBackend::with_string(&mut svg, (9, 9)).into_drawing_area().fill(&RED)?;"
    assert "#FF0000" in rust.value(f"let mut svg: String = String::new();\n{draw}\nsvg")


def test_a_plain_value_is_compiled_once(rust):
    code = rust.folder() / "evcxr" / "src" / "lib.rs"
    for value, shown in {"1 + 1": "2", '&"text".to_string()': '"text"', "()": "()", "&&0.5": "0.5"}.items():
        _, outputs = rust.run(value)
        results = [content["data"]["text/plain"] for kind, content in outputs if kind == "execute_result"]
        assert results == [shown] * (value != "()"), value
        # A second attempt would show it in another way.
        assert ").evcxr_display();" in code.read_text(), value


def test_a_value_that_shows_itself_does_so_behind_every_reference(rust):
    rust.run('#[derive(Debug)] struct Own;\nimpl Own { fn evcxr_display(&self) { println!("shown by itself"); } }')
    for value in ("Own", "&Own", "&&Own", "Box::new(Own)"):
        assert "shown by itself" in rust.printed(value), value
    assert rust.value("[Own]") == "[Own]"
    _, outputs = rust.run("Vec::<Answer>::new()")
    assert "text/html" in next(content["data"] for kind, content in outputs if kind == "execute_result")


def test_the_format_of_values_can_be_changed(rust):
    rust.run(":fmt {:04}")
    assert rust.value("7") == "0007"
    rust.run(":fmt {:?}")
    rust.run(":types")
    assert rust.value("7u8") == ": u8 = 7"
    rust.run(":types")
    assert rust.value("7u8") == "7"


def test_a_failure_makes_the_cell_an_error(rust):
    reply, outputs = rust.run(FAILURE)
    expected = {
        "ename": "FalseClaim",
        "evalue": "7 is not 8",
        "traceback": ["required: 8", "found: 7", "\x1b[31mFalseClaim\x1b[0m: 7 is not 8"],
    }
    assert reply["status"] == "error"
    assert {name: reply[name] for name in expected} == expected
    assert [content for kind, content in outputs if kind == "error"] == [expected]


def test_a_failure_keeps_the_variables(rust):
    rust.run("let kept = 41;")
    rust.run(FAILURE)
    assert rust.value("kept + 1") == "42"


def test_a_failed_cell_still_shows_its_other_results(rust):
    _, outputs = rust.run(show("text/html", "<b>7</b>") + FAILURE)
    assert [kind for kind, _ in outputs][-2:] == ["execute_result", "error"]
    assert dict(outputs)["execute_result"]["data"] == {"text/html": "<b>7</b>"}


def test_a_failure_without_details_is_still_an_error(rust):
    reply, _ = rust.run(show("application/vnd.hinge.failure+json", "no JSON"))
    assert (reply["status"], reply["evalue"]) == ("error", "no JSON")


def test_a_compile_error_gives_its_reason(rust):
    reply, _ = rust.run('let wrong: i32 = "text";')
    assert reply["status"] == "error"
    assert reply["evalue"] == "mismatched types"
    assert "expected `i32`" in "\n".join(reply["traceback"])


def test_the_end_of_the_process_gives_its_reason(rust):
    reply, _ = rust.run("std::process::exit(3)")
    assert reply["status"] == "error"
    assert "exit status: 3" in reply["evalue"]


def test_a_killed_cell_is_an_error_and_the_kernel_goes_on(rust):
    request = rust.send('println!("running"); loop { std::thread::park() }')
    while rust.client.get_iopub_msg(timeout=CELL_SECONDS)["msg_type"] != "stream":
        pass
    (evcxr,) = filter(is_evcxr, rust.launcher.children())
    (cell,) = filter(is_evcxr, evcxr.children())
    cell.kill()
    reply = rust.reply(request)
    assert reply["status"] == "error"
    assert "signal: 9" in reply["evalue"]
    assert rust.value("1 + 1") == "2"


def test_cells_queued_behind_a_failed_one_are_aborted(rust):
    requests = [rust.send(code) for code in (FAILURE, "1 + 1", "2 + 2")]
    assert [rust.reply(request)["status"] for request in requests] == ["error", "aborted", "aborted"]


def test_a_cell_sent_after_a_failed_one_runs(rust):
    rust.run(FAILURE)
    assert rust.value("1 + 1") == "2"


def test_cells_queued_behind_a_failed_one_run_if_errors_are_allowed(rust):
    requests = [rust.send(FAILURE, stop_on_error=False), rust.send("1 + 1")]
    assert [rust.reply(request)["status"] for request in requests] == ["error", "ok"]


def test_a_running_cell_does_not_hold_up_the_shutdown():
    started = Kernel()
    started.send("loop {}")
    processes = [started.launcher, *started.launcher.children(recursive=True)]
    started.stop()
    assert wait_until(lambda: not any(alive(process) for process in processes))


# Warm starts


def artefacts(build: Path) -> dict[str, int]:
    """Compiled libraries below a build folder, and when they were written; the cells' own aside."""
    libraries = (path for path in build.glob("target/**/deps/*.r*") if path.suffix in (".rlib", ".rmeta"))
    return {str(path.relative_to(build)): path.stat().st_mtime_ns for path in libraries}


def test_a_warm_start_compiles_nothing_but_the_cell(rust):
    assert artefacts(rust.folder() / "evcxr") == artefacts(KERNEL / "warm")


def test_a_warm_start_keeps_the_locked_versions(rust):
    assert (rust.folder() / "evcxr" / "Cargo.lock").read_text() == (KERNEL / "warm" / "Cargo.lock").read_text()


def test_a_warm_start_takes_seconds(rust):
    assert rust.seconds < 30


def test_a_kernel_gives_the_bits_of_a_program(rust):
    body = (ROOT / "crate" / "examples" / "bits.rs").read_text().split("hinge::Result<()> {")[1]
    printed = rust.printed(body.split("Ok(())")[0])
    for threads in ("1", "2"):
        environment = os.environ | {"RAYON_NUM_THREADS": threads}
        assert subprocess.check_output(program("bits"), env=environment, text=True) == printed


def compiled(build: Path) -> set[str]:
    """What a build folder holds of registry crates, with the hashes of their versions and features."""
    units = (path.relative_to(build) for path in build.glob("target/*/debug/.fingerprint/*"))
    return {unit.name for unit in units if folder.is_of_registry(unit)}


def test_a_dependency_that_the_crate_has_is_not_compiled_again(rust):
    version = re.search(r'name = "tch"\nversion = "(.+)"', (ROOT / "Cargo.lock").read_text())[1]
    assert rust.value(f':dep tch = "={version}"\ntch::Tensor::from_slice(&[1., 2.]).view([2, 1]).size()') == "[2, 1]"
    assert compiled(rust.folder() / "evcxr") == compiled(KERNEL / "warm") != set()


def test_kernels_at_once_are_each_correct():
    with contextlib.ExitStack() as stack:
        kernels = [stack.enter_context(Kernel()) for _ in range(KERNELS)]
        requests = [started.send(f"{DEP} let own = {number} * 111;") for number, started in enumerate(kernels)]
        replies = [started.reply(request) for started, request in zip(kernels, requests, strict=True)]
        assert [reply["status"] for reply in replies] == ["ok"] * KERNELS
        assert [started.value("own") for started in kernels] == [str(number * 111) for number in range(KERNELS)]
        assert len({started.folder() for started in kernels}) == KERNELS


# Ends and remains


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def launch(**variables: str) -> psutil.Popen:
    """Starts a launcher without a front end."""
    connection = ROOT / "target" / "tests" / "connections" / f"{time.monotonic_ns()}.json"
    connection.parent.mkdir(parents=True, exist_ok=True)
    write_connection_file(str(connection), key=b"secret")
    spec = KernelManager(kernel_name="rust").kernel_spec
    command = [word.format(connection_file=connection) for word in spec.argv]
    environment = os.environ | spec.env | variables
    return psutil.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)


@contextlib.contextmanager
def launched(**variables: str):
    """A launcher without a front end. Killed in the end, and all it started is waited for."""
    process = launch(**variables)
    try:
        yield process
    finally:
        started = []
        with contextlib.suppress(psutil.NoSuchProcess):
            started = process.children(recursive=True)
            process.kill()
        process.wait()
        assert wait_until(lambda: not any(map(alive, started)))


def is_evcxr(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return "evcxr" in process.name()
    return False


def start_evcxr(process: psutil.Popen) -> list[psutil.Process]:
    """Waits until the launcher has started evcxr; returns evcxr and the reaper."""
    assert wait_until(lambda: any(map(is_evcxr, process.children())))
    return process.children(recursive=True)


def left_behind() -> list[Path]:
    """The private folders of kernels that no longer live: other tests run beside these."""
    with folder.locked(KERNEL / "lock"):
        return [path for path in RUN.iterdir() if not is_locked(path / "lock")]


def is_locked(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_killed_launcher_leaves_no_process_and_no_folder():
    with launched() as process:
        children = start_evcxr(process)
        process.kill()
        assert wait_until(lambda: not any(map(alive, children)))
        assert wait_until(lambda: not left_behind())


def test_the_launcher_ends_with_evcxr():
    with Kernel() as started:
        next(child for child in started.launcher.children() if "evcxr" in child.name()).kill()
        assert wait_until(lambda: not alive(started.launcher))


def test_the_next_start_removes_what_a_dead_kernel_left():
    with launched() as process:
        children = start_evcxr(process)
        left = next(Path(child.cmdline()[-1]) for child in children if launcher.REAPER in child.cmdline())
        with folder.locked(KERNEL / "lock"):  # no other test starts a kernel meanwhile
            process.suspend()  # while it is there the reaper waits, and can be killed like the others
            for killed in (*children, process):
                with contextlib.suppress(psutil.NoSuchProcess):  # one may end when another does
                    killed.kill()
            assert wait_until(lambda: not any(map(alive, children)))
            assert left.exists()
    with launched() as process:
        start_evcxr(process)
        assert not left.exists()


def bytes_used() -> int:
    """Disk space of the build folders except those of live kernels, in bytes; a file with several links counts once."""
    paths = (path for path in KERNEL.rglob("*") if RUN not in path.parents)
    return sum({(s.st_dev, s.st_ino): s.st_blocks * 512 for s in (path.lstat() for path in paths)}.values())


def test_ten_starts_leave_nothing_behind():
    with launched() as process:
        start_evcxr(process)
    used, started = bytes_used(), []
    for _ in range(10):
        process = launch()
        try:
            started += start_evcxr(process)
        finally:
            process.kill()
            process.wait()
    assert wait_until(lambda: not any(map(alive, started)))
    assert wait_until(lambda: not left_behind())
    assert bytes_used() <= used + 200_000


# What goes wrong


@pytest.fixture
def evcxr(tmp_path):
    """Makes a script that is started as evcxr."""

    def of(script: str) -> str:
        path = tmp_path / "evcxr"
        path.write_text(f"#!/bin/sh\nexec {script}\n")
        # Of another size it would be another version, for which the whole build folder is copied.
        os.truncate(path, os.stat(os.environ["EVCXR_JUPYTER"]).st_size)
        path.chmod(0o755)
        return str(path)

    return of


def test_an_evcxr_that_ends_at_once_is_reported(evcxr):
    with launched(EVCXR_JUPYTER=evcxr("false")) as process:
        assert process.wait(60) != 0
        assert process.stderr.read() == "The Rust kernel cannot run: evcxr ended at once, with exit code 1.\n"


def test_an_evcxr_that_does_not_answer_is_reported(evcxr, monkeypatch, tmp_path):
    connection = tmp_path / "connection.json"
    write_connection_file(str(connection), key=b"secret")
    monkeypatch.setenv("EVCXR_JUPYTER", evcxr("sleep 600"))
    monkeypatch.setattr(launcher, "START_SECONDS", 1)
    with pytest.raises(launcher.Failed, match="did not answer within 1 s"):
        launcher.run(str(connection))


def test_a_taken_address_is_reported():
    with launched() as first:
        start_evcxr(first)
        command = first.cmdline()
        second = subprocess.run(command, env=os.environ | first.environ(), capture_output=True, text=True)
    assert second.returncode != 0
    assert "cannot be bound: Address" in second.stderr


def test_a_full_disk_is_one_sentence_and_leaves_no_folder(monkeypatch):
    def copy_to_a_full_disk(source, target):
        made.add(RUN / target.relative_to(RUN).parts[0])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    made = set()
    monkeypatch.setattr(folder.shutil, "copy2", copy_to_a_full_disk)
    with pytest.raises(launcher.Failed, match=r"the disk is full: .* was not made; free some space"):
        launcher.private_folder()
    assert [path.exists() for path in made] == [False]


def test_without_hard_links_the_build_folder_is_copied(monkeypatch, tmp_path, capsys):
    def link_across_file_systems(source, target):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    library = tmp_path / "warm" / "deps" / "libserde-1.rlib"
    library.parent.mkdir(parents=True)
    library.write_bytes(bytes(folder.LINK_FROM_BYTES))
    monkeypatch.setattr(os, "link", link_across_file_systems)
    folder.copy_tree(tmp_path / "warm", tmp_path / "copy", links=True)
    assert (tmp_path / "copy" / "deps" / "libserde-1.rlib").read_bytes() == library.read_bytes()
    assert "no hard links here" in capsys.readouterr().err


def test_cargo_is_lent_what_it_lacks_of_registry_crates(tmp_path):
    def write(file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    target, kernels = tmp_path / "target", tmp_path / "kernel"
    for file in ("deps/libserde-1.rlib", ".fingerprint/serde-1/lib-serde", "deps/libtch-2.rlib",
                 "deps/libhinge-3.rlib", ".fingerprint/hinge-3/lib-hinge", "libhinge.so"):  # fmt: skip
        write(kernels / "warm" / "target" / "debug" / file, "the kernels'")
    write(target / "debug" / "deps" / "libtch-2.rlib", "cargo's")
    folder.lend(target, kernels)
    files = (file for file in target.rglob("*") if file.is_file())
    assert {str(file.relative_to(target / "debug")): file.read_text() for file in files} == {
        "deps/libserde-1.rlib": "the kernels'",
        ".fingerprint/serde-1/lib-serde": "the kernels'",
        "deps/libtch-2.rlib": "cargo's",
    }


def test_two_kernels_never_share_what_cargo_writes_again():
    first, second = folder.PrivateFolder(), folder.PrivateFolder()
    try:
        shared = {path.stat().st_ino for path in first.evcxr.rglob("*") if path.is_file()} & {
            path.stat().st_ino for path in second.evcxr.rglob("*") if path.is_file()
        }
        names = [path for path in second.evcxr.rglob("*") if path.is_file() and path.stat().st_ino in shared]
        assert names
        for path in names:
            assert not path.name.startswith(folder.LOCAL_CRATES), path
            assert {"deps", "build"} & set(path.parts), path
            assert ".fingerprint" not in path.parts, path
    finally:
        for private in (first, second):
            private.lock.close()
            shutil.rmtree(private.path)


def test_a_message_with_a_wrong_signature_is_dropped(rust):
    key, rust.client.session.key = rust.client.session.key, b"wrong"
    rust.send("1 + 1")
    rust.client.session.key = key
    assert rust.value("2 + 2") == "4"
