"""Studies, on this machine and on a real Slurm: whatever fails, a result equals that of `run`, byte for byte, and is
there once, or one sentence says why it is not there."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

import programs
import slurm as slurm_of_tests
from kernel.folder import ROOT
from namespaces import read_only, unshare
from setup import environment
from slurm import wait_until

SECONDS = 120
SWEEP = {
    "experiments": [
        {"train_examples": 500, "test_examples": 500},
        {"test_examples": 500, "model": {"hidden_units": [200]}, "loss": "cross_entropy"},
    ],
    "seeds": [0, 1, 2],
    # Every run is a shard.
    "shard_minutes": 1e-9,
}
SHARDS = 6


@dataclass
class Study:
    """A folder of a study, and how the program is called for it."""

    program: Path
    sweep: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def command(self, verb: str, *arguments: object) -> list[str]:
        sweep = ["--sweep", self.sweep] if verb in ("run", "submit") else []
        return [str(word) for word in (self.program, verb, self.folder, *sweep, *arguments)]

    def call(self, verb: str, *arguments: object, code: int = 0, **variables: str) -> str:
        """Runs a subcommand, whose exit status must be `code`; returns what it prints on both streams."""
        return run(self.command(verb, *arguments), self.environment | variables, code)

    def start(self, verb: str, *arguments: object) -> psutil.Popen:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return psutil.Popen(self.command(verb, *arguments), env=self.environment, **pipes)

    def parts(self) -> dict[str, bytes]:
        """The parts; a task killed while it writes leaves an unfinished file of another name beside them."""
        return {path.name: path.read_bytes() for path in (self.folder / "parts").glob("*.parquet")}

    def files(self) -> list[str]:
        """Every file of the folder of parts, unfinished ones among them."""
        return [path.name for path in (self.folder / "parts").glob("*")]

    def frozen(self) -> dict:
        return json.loads((self.folder / "study.json").read_text())


def run(command: list[str], environment: dict[str, str], code: int = 0) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "panicked" not in said
    return said


@pytest.fixture(scope="module")
def program() -> Path:
    return programs.program("hinge-study")


@pytest.fixture
def study(program, tmp_path) -> Study:
    sweep = tmp_path / "sweep.json"
    sweep.write_text(json.dumps(SWEEP))
    return Study(program, sweep, tmp_path / "study")


@pytest.fixture(scope="module")
def expected(program, tmp_path_factory) -> dict[str, bytes]:
    """The parts that `run` computes without a disturbance."""
    folder = tmp_path_factory.mktemp("reference")
    sweep = folder / "sweep.json"
    sweep.write_text(json.dumps(SWEEP))
    reference = Study(program, sweep, folder / "study")
    reference.call("run")
    assert len(reference.parts()) == SHARDS
    return reference.parts()


@pytest.fixture
def complete(study, expected) -> Study:
    """A study with all its parts."""
    study.call("run", "--time-budget", "0s", code=3)
    (study.folder / "parts").mkdir(exist_ok=True)
    for name, content in expected.items():
        (study.folder / "parts" / name).write_bytes(content)
    return study


# On this machine


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_goes_on_where_it_was_ended(study, expected, number):
    with study.start("run", "--threads", 1) as process:
        assert wait_until(lambda: study.parts().keys() & expected.keys())
        process.send_signal(number)
        process.wait(SECONDS)
        said = process.stdout.read()
    assert "panicked" not in said
    kept = study.parts().keys() & expected.keys()
    assert 0 < len(kept) < SHARDS
    times = {name: (study.folder / "parts" / name).stat().st_mtime_ns for name in kept}
    study.call("run")
    assert study.parts() == expected
    assert times == {name: (study.folder / "parts" / name).stat().st_mtime_ns for name in kept}


def test_a_time_budget_says_what_is_left(study, expected):
    said = study.call("run", "--time-budget", "1ms", code=3)
    assert re.search(r"\d of 6 shards are there; \S+ are missing", said), said
    assert study.parts().items() <= expected.items()
    study.call("run", "--time-budget", "10m")
    assert study.parts() == expected


def test_two_runs_of_one_folder_give_every_part_once(study, expected):
    study.call("run", "--time-budget", "0s", code=3)
    with study.start("run") as first, study.start("run") as second:
        assert [process.wait(SECONDS) for process in (first, second)] == [0, 0]
    assert study.parts() == expected


@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty"])
def test_a_damaged_part_is_missing_and_is_computed_again(complete, expected, damage):
    name, content = min(expected.items())
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    damaged = {"flipped": flipped, "truncated": content[:middle], "empty": b""}[damage]
    (complete.folder / "parts" / name).write_bytes(damaged)
    complete.call("collect", "--out", complete.folder / "study.csv", code=3)
    complete.call("run")
    assert complete.parts() == expected


# A file system without room for a part. $0 is the folder, the rest the command.
FULL = """
set -u
mount -t tmpfs -o size=64k none "$0/parts"
head -c 1000000 /dev/zero > "$0/parts/filler" 2> "$0/filled"
"$@" 2>&1
echo "exit status $?"
ls "$0/parts"
"""


def test_a_full_disk_is_said_and_leaves_no_part(study):
    study.call("run", "--time-budget", "0s", code=3)
    (study.folder / "parts").mkdir(exist_ok=True)
    prefix = unshare("-rm", "a full disk cannot be made")
    command = [*prefix, "sh", "-c", FULL, str(study.folder), *study.command("shard", "--index", 0)]
    said = run(command, study.environment)
    assert "No space left on device" in said
    assert said.endswith("exit status 3\nfiller\n"), said


def test_a_read_only_folder_is_said(complete, expected):
    (complete.folder / "parts" / min(expected)).unlink()
    said = run(read_only(complete.folder, *complete.command("run")), complete.environment, code=3)
    assert "Read-only file system" in said


def test_another_version_is_refused(complete, expected):
    frozen = complete.frozen()
    frozen["guard"]["hinge"] = "0.0.9"
    (complete.folder / "study.json").write_text(json.dumps(frozen))
    said = complete.call("shard", "--index", 0, code=2)
    assert "0.0.9" in said
    assert complete.parts() == expected


def test_other_data_are_refused(study):
    if (ROOT / "data" / "mnist").exists() or not os.environ.get("MNIST_DIR"):
        pytest.skip("there is one set of data: that of data/mnist, or synthetic digits")
    study.call("run", "--time-budget", "0s", code=3)
    said = study.call("shard", "--index", 0, code=2, MNIST_DIR="")
    assert "MNIST_DIR" in said
    assert study.files() == []


def test_a_processor_with_another_arithmetic_is_refused(study):
    study.call("run", "--time-budget", "0s", code=3)
    said = study.call("shard", "--index", 0, code=2, GLIBC_TUNABLES="glibc.cpu.hwcaps=-FMA")
    assert "arithmetic" in said
    assert study.files() == []


def test_a_machine_without_slurm_is_said(study):
    said = study.call("submit", code=2, PATH="/nowhere")
    assert "sbatch" in said


# On Slurm


@pytest.fixture(scope="module")
def cluster():
    if missing := slurm_of_tests.missing():
        pytest.skip(f"Slurm is not installed ({', '.join(missing)}): {slurm_of_tests.INSTALL}")
    with slurm_of_tests.cluster() as started:
        yield started


@pytest.fixture
def slurm(cluster, study):
    """The cluster, to which the study submits."""
    study.environment = cluster.environment
    yield cluster
    cluster.restore()


def submitted(study: Study, slurm) -> list[str]:
    """The tasks that `submit` adds to the queue, as `ID_INDEX`."""
    before = set(slurm.jobs())
    study.call("submit")
    return sorted(set(slurm.jobs()) - before)


def workers(slurm) -> list[psutil.Process]:
    return [task for task in slurm.tasks() if task.name() == "hinge-study"]


def test_an_array_gives_the_parts_of_a_run(study, slurm, expected):
    tasks = submitted(study, slurm)
    job = tasks[0].split("_")[0]
    assert tasks == [f"{job}_{index}" for index in range(SHARDS)]
    slurm.finish()
    assert study.parts() == expected
    assert {path.name for path in (study.folder / "logs").iterdir()} == {f"{task}.out" for task in tasks}
    assert submitted(study, slurm) == []


def test_the_tasks_of_a_lost_node_run_elsewhere(study, slurm, expected):
    tasks = submitted(study, slurm)
    assert wait_until(lambda: slurm.tasks("n1"))
    slurm.kill("n1")
    slurm.finish()
    assert study.parts() == expected
    assert slurm.restarts(tasks[0].split("_")[0]) == 1


def test_a_killed_task_is_submitted_again_alone(study, slurm, expected):
    submitted(study, slurm)
    assert wait_until(lambda: workers(slurm))
    workers(slurm)[0].kill()
    slurm.finish()
    (killed,) = slurm.jobs("failed")
    assert "Slurm has no task for them" in study.call("status", code=3)
    (again,) = submitted(study, slurm)
    assert again.split("_")[1] == killed.split("_")[1]
    slurm.finish()
    assert study.parts() == expected


def test_a_shard_in_the_queue_is_not_submitted_again(study, slurm, expected):
    study.call("submit", "--", "--hold")
    held = slurm.jobs("pending")
    assert "There is nothing to submit" in study.call("submit")
    assert slurm.jobs("pending") == held
    slurm.call("scancel", held[2])
    (again,) = submitted(study, slurm)
    assert again.split("_")[1] == held[2].split("_")[1]
    slurm.call("scontrol", "release", held[0].split("_")[0])
    study.call("wait")
    assert study.parts() == expected


def test_a_restarted_controller_loses_no_task(study, slurm, expected):
    submitted(study, slurm)
    assert wait_until(lambda: slurm.tasks())
    slurm.kill("slurmctld", signal.SIGTERM)
    slurm.start("slurmctld")
    slurm.finish()
    assert study.parts() == expected


def test_a_cancelled_study_goes_on_when_it_is_submitted_again(study, slurm, expected):
    tasks = submitted(study, slurm)
    assert wait_until(study.parts)
    slurm.call("scancel", tasks[0].split("_")[0])
    slurm.finish()
    left = SHARDS - len(study.parts().keys() & expected.keys())
    assert 0 < left < SHARDS
    assert "Slurm has no task for them" in study.call("wait", code=3)
    assert len(submitted(study, slurm)) == left
    slurm.finish()
    assert study.parts() == expected


def test_two_arrays_on_one_folder_give_every_part_once(study, slurm, expected):
    study.call("submit", "--", "--hold")
    array = f"--array=0-{SHARDS - 1}"
    second = slurm.call("sbatch", "--parsable", array, study.folder / "study.sbatch").strip()
    slurm.call("scontrol", "release", *{task.split("_")[0] for task in slurm.jobs("pending")} - {second})
    slurm.finish()
    assert study.parts() == expected


def test_a_node_with_another_arithmetic_says_so_in_its_log(study, slurm):
    study.call("submit", "--", "--export=ALL,GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA")
    slurm.finish()
    assert study.files() == []
    logs = [path.read_text() for path in (study.folder / "logs").iterdir()]
    assert len(logs) == SHARDS
    assert all("arithmetic" in log for log in logs)


def test_the_session_of_the_documentation_works(program, cluster, tmp_path):
    page = (ROOT / "notebooks" / "beyond-one-machine.md").read_text()
    (sweep,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (tmp_path / "curves.json").write_text(sweep)
    commands = re.findall(r"^hinge-study .*", "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)), re.MULTILINE)
    verbs = [command.split()[1] for command in commands]
    assert verbs == ["run", "submit", "status", "wait", "collect"]
    path = {"PATH": f"{program.parent}:{cluster.environment['PATH']}"}

    def call(command: str, code: int = 0) -> str:
        return run(["sh", "-c", f"cd '{tmp_path}' && {command}"], cluster.environment | path, code)

    first, submit, status, wait, collect = commands
    call(first.replace("1m", "1ms"), code=3)
    call(submit)
    call(status, code=3)
    assert "all 12 shards" in call(wait)
    call(collect)
    rows = (tmp_path / "curves.csv").read_text().splitlines()
    assert len(rows) == 1 + 12 * 20
    call(first)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_cluster_ends_with_the_tests(number, tmp_path):
    if slurm_of_tests.missing():
        pytest.skip(f"Slurm is not installed: {slurm_of_tests.INSTALL}")
    code = "import slurm, time\nwith slurm.cluster() as c:\n    print(c.folder, flush=True)\n    time.sleep(99)"
    path = {"PYTHONPATH": str(Path(__file__).parent)}
    with psutil.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | path) as tests:
        folder = Path(tests.stdout.readline().strip())
        started = tests.children(recursive=True)
        assert len(started) >= 5
        tests.send_signal(number)
        tests.wait(SECONDS)
    assert wait_until(lambda: not any(process.is_running() for process in started))
    assert not folder.exists()


# On HyperQueue


@pytest.fixture
def hyperqueue() -> Path:
    """A Python with the HyperQueue of the package index, which has no program hq but its server and workers."""
    here = Path(__file__).parent / "hq"
    try:
        return environment.separate_venv(
            ROOT / "target" / "hq-venv", here / "requirements.txt", "Installing HyperQueue"
        )
    except environment.Missing as missing:
        pytest.skip(f"HyperQueue cannot be installed: {missing}")


def test_hyperqueue_takes_the_same_command(study, expected, hyperqueue, tmp_path):
    study.call("run", "--time-budget", "0s", code=3)
    submit = [hyperqueue, Path(__file__).parent / "hq" / "submit.py", tmp_path, SHARDS]
    run([str(word) for word in (*submit, *study.command("shard"))], study.environment)
    assert study.parts() == expected
