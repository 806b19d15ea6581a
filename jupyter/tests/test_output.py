"""What a cell prints arrives whole, in order and under its cell, before the cell has ended. No crate is needed."""

import time

import pytest

from kernel.output import Content, Marker, Parser, Text
from kernel.syntax import problem
from test_kernel import Kernel, show, text_of

FLUSH = "std::io::Write::flush(&mut std::io::stdout())?;"


@pytest.fixture(scope="module")
def plain():
    """A kernel without the crate."""
    with Kernel() as started:
        yield started


# Nothing is lost


@pytest.mark.parametrize("macro, stream", [("println", "stdout"), ("eprintln", "stderr")])
def test_every_line_arrives_before_the_cell_ends(plain, macro, stream):
    _, outputs = plain.run(f'for i in 0..20_000 {{ {macro}!("line {{i}}"); }}')
    assert text_of(outputs, stream).splitlines() == [f"line {i}" for i in range(20_000)]


def test_a_hundred_thousand_lines_come_in_few_messages(plain):
    start = time.monotonic()
    _, outputs = plain.run('for i in 0..100_000 { println!("line {i}"); }')
    assert text_of(outputs).count("\n") == 100_000
    assert sum(kind == "stream" for kind, _ in outputs) < 500
    assert time.monotonic() - start < 30  # 1 s on an idle machine; 66 s line by line


def test_a_big_line_arrives_whole(plain):
    assert plain.printed('println!("{}", "x".repeat(5_000_000));') == "x" * 5_000_000 + "\n"


def test_text_before_the_end_of_the_process_arrives(plain):
    reply, outputs = plain.run('println!("printed"); eprintln!("said"); std::process::abort()')
    assert (text_of(outputs), text_of(outputs, "stderr")) == ("printed\n", "said\n")
    assert "SIGABRT" in reply["evalue"]
    assert "all variables are lost" in reply["evalue"]


# Under its cell


def test_text_without_an_end_of_line_belongs_to_its_cell(plain):
    assert plain.printed('print!("Hello");') == "Hello"
    assert plain.printed('println!(" world");') == " world\n"


def test_text_that_is_flushed_does_not_hang(plain):
    assert plain.printed(f'print!("50 % ... ");\n{FLUSH}') == "50 % ... "
    assert plain.value("1 + 1") == "2"


def test_both_streams_keep_their_common_order(plain):
    _, outputs = plain.run('println!("a"); eprintln!("b"); print!("c"); println!("d"); eprint!("e");')
    assert [(c["name"], c["text"]) for kind, c in outputs if kind == "stream"] == [
        ("stdout", "a\n"),
        ("stderr", "b\n"),
        ("stdout", "cd\n"),
        ("stderr", "e"),
    ]


def test_text_of_a_program_that_a_cell_starts_belongs_to_the_cell(plain):
    command = 'std::process::Command::new("sh").args(["-c", "echo out; echo err >&2"]).status()?;'
    _, outputs = plain.run(f'println!("before");\n{command}\nprintln!("after");')
    assert (text_of(outputs), text_of(outputs, "stderr")) == ("before\nout\nafter\n", "err\n")


def test_text_of_a_thread_after_its_cell_appears_at_once_under_the_last_cell(plain):
    pause = "std::thread::sleep(std::time::Duration::from_millis(700));"
    request = plain.send(f'std::thread::spawn(|| {{ {pause} println!("late"); }});')
    plain.reply(request)
    assert text_of(plain.outputs(request)) == ""
    message = plain.client.get_iopub_msg(timeout=30)
    assert (message["content"], message["parent_header"]["msg_id"]) == ({"name": "stdout", "text": "late\n"}, request)


# Bytes that are not UTF-8


def test_bytes_that_are_not_utf8_are_shown_as_such(plain):
    cells = [r'b"caf\xe9\n"', r'b"second\n"']
    for stream in ("stdout", "stderr"):
        for cell, expected in zip(cells, ("caf\ufffd\n", "second\n"), strict=False):
            _, outputs = plain.run(f"std::io::Write::write_all(&mut std::io::{stream}(), {cell})?;")
            assert text_of(outputs, stream) == expected
    assert plain.value("40 + 2") == "42"


def test_a_character_is_not_torn_by_a_flush(plain):
    pause = "std::thread::sleep(std::time::Duration::from_millis(200));"
    half = 'std::io::Write::write_all(&mut std::io::stdout(), b"{}")?;\n' + FLUSH
    cell = half.replace("{}", r"caf\xc3") + pause + half.replace("{}", r"\xa9")
    assert plain.printed(cell) == "café"


# Values


def test_several_values_of_a_cell_are_shown_in_order(plain):
    _, outputs = plain.run(show("text/plain", "1") + show("text/plain", "2"))
    shown = [(kind, content["data"]["text/plain"]) for kind, content in outputs if "data" in content]
    assert shown == [("display_data", "1"), ("execute_result", "2")]


def test_a_line_of_standard_input_is_asked_of_jupyter(plain):
    request = plain.client.execute(
        "let mut line: String = String::new();\nstd::io::stdin().read_line(&mut line)?;\nline", allow_stdin=True
    )
    plain.client.get_stdin_msg(timeout=60)
    plain.client.input("typed")
    assert plain.reply(request)["status"] == "ok"
    assert dict(plain.outputs(request))["execute_result"]["data"]["text/plain"] == '"typed\\n"'


def test_input_that_the_front_end_does_not_give_is_an_error(plain):
    request = plain.send("std::io::stdin().read_line(&mut String::new())?;", allow_stdin=False)
    assert plain.reply(request)["evalue"] == "the cell asks for input, but this front end has none to give"
    assert plain.value("1 + 1") == "2"


# The parser


def test_what_is_written_is_split_the_same_however_it_is_cut():
    written = (
        b"Hi EVCXR_x\n\x1ehinge2 6\nwarn!\nmoreEVCXR_BEGIN_CONTENT text/plain\na\nb\nEVCXR_END_CONTENT\n"
        b"endEVCXR_EXECUTION_COMPLETE\nE\x1e"
    )
    expected = [
        ("stdout", b"Hi EVCXR_x\n"),
        ("stderr", b"warn!\n"),
        ("stdout", b"more"),
        Content("text/plain", "a\nb"),
        ("stdout", b"end"),
        Marker(b"EVCXR_EXECUTION_COMPLETE"),
        ("stdout", b"E\x1e"),
    ]
    for size in (1, 2, 7, len(written)):
        parser, events = Parser(), []
        chunks = [written[i : i + size] for i in range(0, len(written), size)]
        for event in [e for chunk in chunks for e in parser.feed(chunk)] + list(parser.close()):
            if not isinstance(event, Text):
                events.append(event)
            elif events and isinstance(events[-1], tuple) and events[-1][0] == event.stream:
                events[-1] = (event.stream, events[-1][1] + event.text)
            else:
                events.append((event.stream, event.text))
        assert events == expected, size


# Code that evcxr would drop


@pytest.mark.parametrize(
    ("code", "sentence", "line"),
    [
        ('/* a note\nprintln!("never");', "unterminated block comment", 1),
        ('}\npanic!("never");', "unexpected closing delimiter: `}`", 1),
        ('let a = 1;\nlet b = "no end;', "unterminated string", 2),
        ("f(\n1]", "`]` closes the `(` of line 1: mismatched brackets", 2),
        ("fn f() {", "unclosed delimiter: `{`", 1),
        ('let s = r#"}"#; let c = \'{\'; let l: &\'static str = "\\"{"; /* { /* } */ */ // (', None, None),
        (":dep x = { path = \"}\" \n!echo )\n// (\nlet a = b'(';", None, None),
    ],
)
def test_brackets_strings_and_comments_without_an_end_are_found(code, sentence, line):
    found = problem(code)
    assert (found and found.sentence, found and found.line) == (sentence, line)
