"""An interrupt ends the running cell and keeps the variables; nothing else is ended by it."""

import time

import psutil
import pytest

from test_kernel import CELL_SECONDS, DEP, Kernel, alive, wait_until

RUNNING = 'println!("running");\n'
EXPERIMENT = "Experiment { epochs: 100_000, ..Experiment::default() }"
SCORING = """Experiment { model: Model::hidden(5_000), epochs: 1, ..Experiment::default() }.run(&digits, 0)?
    .evaluate(&digits.train.select(&vec![0; 200_000])?)?;"""


@pytest.fixture(scope="module")
def rust():
    """A kernel with data and a variable."""
    with Kernel() as started:
        reply, _ = started.run(DEP + "let digits: Digits = Digits::synthetic(0);\nlet kept: u32 = 41;")
        assert reply["status"] == "ok", reply
        yield started


def interrupt(kernel: Kernel) -> None:
    """What a front end does: jupyter_client's manager sends the same message."""
    kernel.client.control_channel.send(kernel.client.session.msg("interrupt_request", {}))
    reply = kernel.client.get_control_msg(timeout=30)
    assert (reply["msg_type"], reply["content"]["status"]) == ("interrupt_reply", "ok")


def start(kernel: Kernel, code: str) -> str:
    """Sends a cell and waits until it prints."""
    request = kernel.send(RUNNING + code)
    while True:
        message = kernel.client.get_iopub_msg(timeout=CELL_SECONDS)
        if message["msg_type"] == "stream" and message["parent_header"]["msg_id"] == request:
            return request


def interrupted(kernel: Kernel, code: str) -> tuple[dict, float]:
    """The reply of a cell that is interrupted while it runs, and the seconds until it came."""
    request, start_ = start(kernel, code), time.monotonic()
    interrupt(kernel)
    reply = kernel.reply(request)
    assert (reply["status"], reply["ename"]) == ("error", "Interrupted"), reply
    return reply, time.monotonic() - start_


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (f"{EXPERIMENT}.run(&digits, 0)?;", "of 100000 done; the variables of earlier cells are kept"),
        (f"{EXPERIMENT}.repeat(&digits, 0..20)?;", "the variables of earlier cells are kept"),
        (SCORING, "the variables of earlier cells are kept"),
        ("loop { notebook::check_interrupt()?; }", "the variables of earlier cells are kept"),
        ('loop { println!("x"); }', "the variables of earlier cells are kept"),
        ("for _ in 0..60 { std::thread::sleep(std::time::Duration::from_secs(1)); println!(); }", "are kept"),
        ('std::process::Command::new("sleep").arg("60").status()?;', "the variables of earlier cells are kept"),
    ],
)
def test_an_interrupt_ends_the_cell_and_keeps_the_variables(rust, code, reason):
    reply, seconds = interrupted(rust, code)
    assert reason in reply["evalue"]
    assert seconds < 2
    assert rust.value("kept + 1") == "42"


def test_an_interrupt_ends_a_cell_that_waits_for_input(rust):
    request = rust.client.execute("std::io::stdin().read_line(&mut String::new())?;", allow_stdin=True)
    rust.client.get_stdin_msg(timeout=CELL_SECONDS)
    interrupt(rust)
    assert rust.reply(request)["ename"] == "Interrupted"
    assert rust.value("kept + 1") == "42"


def test_an_interrupt_between_cells_does_nothing(rust):
    interrupt(rust)
    assert rust.value("kept + 1") == "42"


def test_an_interrupt_ends_a_shell_command(rust):
    request = rust.send("!sleep 60")
    sleeps = lambda: [p for p in rust.launcher.children(recursive=True) if p.name() == "sleep"]  # noqa: E731
    assert wait_until(sleeps)
    (sleep,) = sleeps()
    interrupt(rust)
    assert rust.reply(request)["ename"] == "Interrupted"
    assert wait_until(lambda: not alive(sleep), 10)
    assert rust.value("kept + 1") == "42"


def test_a_program_of_an_earlier_cell_goes_on(rust):
    rust.run('let child: std::process::Child = std::process::Command::new("sleep").arg("60").spawn()?;')
    number = int(rust.value("child.id()"))
    interrupted(rust, "loop { notebook::check_interrupt()?; }")
    assert alive(psutil.Process(number))
    psutil.Process(number).kill()


def test_cells_queued_behind_an_interrupted_one_are_aborted(rust):
    request = start(rust, "loop { notebook::check_interrupt()?; }")
    queued = [rust.send("1 + 1"), rust.send("2 + 2")]
    time.sleep(0.5)
    interrupt(rust)
    assert [rust.reply(r)["status"] for r in (request, *queued)] == ["error", "aborted", "aborted"]


def test_a_signal_interrupts_too(rust):
    request = start(rust, "loop { notebook::check_interrupt()?; }")
    rust.launcher.send_signal(2)
    assert rust.reply(request)["ename"] == "Interrupted"
    assert rust.value("kept + 1") == "42"


def test_code_that_never_looks_is_ended_with_its_process_and_says_that_variables_are_lost():
    with Kernel() as started:
        reply, seconds = interrupted(started, "loop { std::hint::black_box(0); }")
        assert "all variables are lost" in reply["evalue"]
        assert 1.9 < seconds < 10
        request = start(started, "loop { std::hint::black_box(0); }")
        interrupt(started)
        interrupt(started)
        assert "all variables are lost" in started.reply(request)["evalue"]
        assert started.value("1 + 1") == "2"
