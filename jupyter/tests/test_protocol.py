"""The messaging protocol, by Jupyter's own tests of kernels and by what ipykernel answers."""

import jupyter_kernel_test
import pytest

from kernel.syntax import explained, help_for, is_complete, one_by_one
from test_kernel import DEP, Kernel, show, text_of

COMPLETE = [
    "1 + 1",
    "let a = 1;",
    "fn f() { 1 }",
    "struct A;",
    "/* a { */ // (",
    "let c = '{';",
    'r#"""#',
    'b"\\""',
    "fn f<'a>(x: &'a str) -> &'a str { x }",
    "2.",
    "x?",
    "!ls",
    ":dep x",
    "",
]
INCOMPLETE = [
    "fn f() {",
    "fn f()",
    "let a = 1",
    "1 +",
    "a.b(",
    "if x > 3",
    "use std::fmt",
    "#[derive(Debug)]",
    '"abc',
    'r#"a"',
    "/* a",
    "struct A",
    "let x = match y {\n    1 => {",
]
INVALID = ["foo)", "(]", "%time 1"]


@pytest.fixture(scope="module", autouse=True)
def rust():
    """One kernel for all tests here."""
    with Kernel() as started:
        assert started.run(DEP)[0]["status"] == "ok"
        Messages.kc, Welcome.kc = started.client, started.manager.client()
        yield started
        Welcome.kc.stop_channels()


class Messages(jupyter_kernel_test.KernelTests):
    """Jupyter's tests, with samples in Rust."""

    setUpClass = tearDownClass = classmethod(lambda cls: None)
    language_name, file_extension = "rust", ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("trouble");'
    completion_samples = (
        {"text": "Vec::<u8>::with_cap", "matches": {"with_capacity(capacity)"}},
        {"text": "no_such_na", "matches": set()},
    )
    complete_code_samples, incomplete_code_samples, invalid_code_samples = COMPLETE, INCOMPLETE, INVALID
    code_page_something = "?String"
    code_generate_error = 'panic!("no luck");'
    code_execute_result = ({"code": "6 * 7", "result": "42"}, {"code": "1 + 1", "result": "2"})
    code_display_data = (
        {"code": show("image/png", "iVBORw0KGgo=") + show("image/png", "AAAA"), "mime": "image/png"},
        {"code": show("text/html", "<b>1</b>") + show("text/html", "<b>2</b>"), "mime": "text/html"},
    )
    code_history_pattern = "6 [*]*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "String"
    code_clear_output = 'println!("before"); notebook::clear_output()?;'


class Welcome(jupyter_kernel_test.IopubWelcomeTests):
    """A front end is told that it will hear of everything."""

    setUpClass = tearDownClass = classmethod(lambda cls: None)
    support_iopub_welcome = True


def ask(kernel: Kernel, kind: str, content: dict | None = None, channel: str = "shell") -> tuple[str, dict]:
    """Type and content of the reply to a request."""
    message = kernel.client.session.msg(kind, content or {})
    getattr(kernel.client, f"{channel}_channel").send(message)
    while True:
        reply = getattr(kernel.client, f"get_{channel}_msg")(timeout=60)
        if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
            return reply["msg_type"], reply["content"]


# Requests


@pytest.mark.parametrize("channel", ["shell", "control"])
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("kernel_info", "ok"),
        ("connect", "ok"),
        ("comm_info", "ok"),
        ("history", "ok"),
        ("create_subshell", "error"),
        ("unheard_of", "error"),
    ],
)
def test_every_request_is_answered(rust, kind, status, channel):
    assert (kind_ := ask(rust, f"{kind}_request", channel=channel))[0] == f"{kind}_reply"
    assert kind_[1]["status"] == status


def test_a_debugger_is_told_that_there_is_none(rust):
    request = {"type": "request", "seq": 7, "command": "initialize", "arguments": {}}
    _, reply = ask(rust, "debug_request", request, "control")
    assert (reply["success"], reply["request_seq"], reply["command"]) == (False, 7, "initialize")


def test_a_comm_that_nobody_waits_for_is_closed(rust):
    message = rust.client.session.msg("comm_open", {"comm_id": "c", "target_name": "nobody", "data": {}})
    rust.client.shell_channel.send(message)
    assert ("comm_close", {"comm_id": "c", "data": {}}) in rust.outputs(message["header"]["msg_id"])


# Cells


def test_cells_are_counted_from_one_and_shown_their_code():
    with Kernel() as started:
        replies = [started.run(code) for code in ("let a = 1;", "%refused", "a + 1")]
        assert [reply["execution_count"] for reply, _ in replies] == [1, 2, 3]
        inputs = [content for _, outputs in replies for kind, content in outputs if kind == "execute_input"]
        assert inputs[1] == {"code": "%refused", "execution_count": 2}
        assert dict(replies[2][1])["execute_result"]["execution_count"] == 3
        # As the last thing here, since it is the end: a restart is answered as such.
        assert ask(started, "shutdown_request", {"restart": True}, "control")[1] == {"status": "ok", "restart": True}


def test_a_silent_cell_shows_nothing_and_does_not_count(rust):
    count = rust.run("0")[0]["execution_count"]
    for code, status in (('println!("a"); eprintln!("b"); 1', "ok"), ("panic!()", "error")):
        request = rust.send(code, silent=True, stop_on_error=False)
        assert rust.reply(request)["status"] == status
        assert [kind for kind, _ in rust.outputs(request)] == ["status"]
    assert rust.run("0")[0]["execution_count"] == count + 1


def test_a_cell_that_is_not_stored_is_shown_but_has_no_place_in_history(rust):
    count = rust.run("0")[0]["execution_count"]
    request = rust.send('println!("unstored");', store_history=False)
    assert rust.reply(request)["execution_count"] == count
    assert text_of(rust.outputs(request)) == "unstored\n"
    _, reply = ask(rust, "history_request", {"hist_access_type": "tail", "n": 1, "output": True, "raw": True})
    assert reply["history"] == [[1, count, ["0", "0"]]]


def test_expressions_of_a_cell_have_values_or_errors_of_their_own(rust):
    expressions = {"double": "seven * 2", "missing": "eight", "silent": "let unused = 1;"}
    request = rust.send("let seven = 7;", user_expressions=expressions)
    values = rust.reply(request)["user_expressions"]
    assert values["double"] == {"status": "ok", "data": {"text/plain": "14"}, "metadata": {}}
    assert (values["missing"]["status"], values["missing"]["evalue"]) == (
        "error",
        "cannot find value `eight` in this scope",
    )
    assert values["silent"]["data"] == {}
    assert not {"execute_result", "error"} & {kind for kind, _ in rust.outputs(request)}


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ('let fine = 1;\n\nlet wrong: i32 = "text";', "line 3"),
        ('let fine = "é";\nlet wrong: i32 = "text";', "line 2"),
        ("let text = String::new();\nlet other = text;\ntext.len()", "lines 1 to 3"),
    ],
)
def test_a_compile_error_names_its_cell_and_line(rust, code, place):
    reply, _ = rust.run(code)
    assert f"cell {reply['execution_count']}, {place}" in "\n".join(reply["traceback"])


def test_who_waits_sees_for_how_long(rust):
    pause = "std::thread::sleep(std::time::Duration::from_secs(4));"
    outputs = rust.outputs(rust.send(f'{pause} println!("done");', allow_stdin=True))
    kinds = [kind for kind, _ in outputs]
    assert kinds[2:4] == ["display_data", "update_display_data"]
    assert kinds[-2:] == ["clear_output", "stream"]
    assert 'role="progressbar"' in outputs[2][1]["data"]["text/html"]
    request = rust.send(pause)  # nobody is there
    assert {kind for kind, _ in rust.outputs(request)} == {"status", "execute_input"}


# Names


@pytest.mark.parametrize(
    ("code", "cursor", "words"),
    [
        ("String", 3, "growable string"),
        ("Vec::push", None, "pub fn push"),
        ("numbers.push(3)", 10, "pub fn push"),
        ("i32::from_str_radix(text, 16)", 22, "Parses an integer"),
        ("HashMap", None, "hash map"),
        ("println!", None, "macro_rules! println"),
        ("Experiment", None, "pub struct Experiment"),
        ("Experiment::repeat", None, "pub fn repeat"),
        ("Loss::MultiMargin", None, "Multi-class hinge loss"),
        ("hinge::tch::Tensor", None, "pub struct Tensor"),
    ],
)
def test_names_of_the_crate_and_of_std_are_explained(rust, code, cursor, words):
    rust.run("let mut numbers = vec![1];")
    explained = rust.reply(rust.client.inspect(code, cursor))
    assert words in explained["data"].get("text/plain", "not found")


@pytest.mark.parametrize(
    ("code", "cursor", "match", "start"),
    [
        ("Experiment::rep", None, "repeat(&self, digits, seeds)", 12),
        ("numbers.pusx", 11, "push(value)", 8),
        ('"é👩\u200d👩\u200d👧\r\n"; numbers.pus', None, "push(value)", 20),
        ('println!("{}", numbers.le', None, "len()", 23),
    ],
)
def test_names_are_completed_from_where_they_begin(rust, code, cursor, match, start):
    rust.run("let mut numbers = vec![1];")
    reply = rust.reply(rust.client.complete(code, cursor))
    assert (reply["cursor_start"], match in reply["matches"]) == (start, True), reply["matches"]


def test_help_for_a_name_that_is_not_there_is_an_error(rust):
    reply, _ = rust.run("?no_such_name")
    assert reply["evalue"] == "`no_such_name` is not found: is it in scope, or its path complete?"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("?String", "String"),
        ("?? Vec::push", "Vec::push"),
        ("vec!??", "vec"),
        ("Experiment?", "Experiment"),
        ("run.history?", "run.history"),
        ("result?", None),
        ("f(x)?", None),
        ("1 + 1", None),
    ],
)
def test_a_question_mark_asks_where_it_is_no_rust(code, name):
    assert help_for(code) == name


def test_a_call_is_explained_if_its_argument_is_not():
    assert explained("f(a, ", 5) == ["f"]
    assert explained("f(a.b", 5) == ["f(a.b", "f"]


def test_every_character_counts_once():
    assert one_by_one('é = "e\u0301👩\u200d👧\r\n"') == 'é = "e_____\n"'


def test_a_console_indents_what_is_not_complete():
    assert is_complete("fn f() {\n    match x {") == {"status": "incomplete", "indent": "        "}
