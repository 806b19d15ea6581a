"""Tests of fetch.py against a local server that serves right and wrong files."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CONTENTS = {"images.gz": bytes(i * i % 251 for i in range(300_000)), "labels.gz": b"labels" * 500}
TIMEOUT = 0.5  # seconds


class Handler(BaseHTTPRequestHandler):
    """Serves /behaviour/file: the behaviour is the name of one of the methods below."""

    def do_GET(self):
        self.server.requested.append(self.path)
        behaviour, name = self.path.strip("/").split("/")
        getattr(self, behaviour)(name, CONTENTS[name])

    def good(self, name, content):
        self.start(len(content))
        self.wfile.write(content)

    def missing(self, name, content):
        self.send_error(404)

    def broken(self, name, content):
        self.send_error(500)

    def wrong(self, name, content):
        self.good(name, bytes(len(content)))

    def short(self, name, content):
        self.good(name, content[:-1])

    def long(self, name, content):
        self.good(name, content + b"!")

    def endless(self, name, content):
        self.start(None)
        while not self.server.closing.is_set():
            self.wfile.write(bytes(1 << 16))

    def drop(self, name, content):
        """Announces everything and hangs up at half."""
        self.start(len(content))
        self.wfile.write(content[: len(content) // 2])

    def stall(self, name, content):
        """Sends half and then nothing, without hanging up."""
        self.drop(name, content)
        self.server.closing.wait()

    def silent(self, name, content):
        """Does not even answer."""
        self.server.closing.wait()

    def drip(self, name, content):
        """Never stalls, but never ends either."""
        self.start(len(content))
        while not self.server.closing.wait(0.05):
            self.wfile.write(b".")

    def slow(self, name, content):
        time.sleep(TIMEOUT / 2)
        self.good(name, content)

    def elsewhere(self, name, content):
        self.redirect(f"/good/{name}")

    def circle(self, name, content):
        self.redirect(f"/circle/{name}")

    def redirect(self, path):
        self.send_response(302)
        self.send_header("Location", path)
        self.end_headers()

    def start(self, length):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the client hung up, as it should
            super().handle()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requested = []
    server.closing = threading.Event()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Project:
    """A copy of fetch.py beside a manifest of its own."""

    def __init__(self, root: Path, server):
        self.data = root / "data"
        self.folder = self.data / "mnist"
        self.server = server
        self.data.mkdir()
        shutil.copy(HERE / "fetch.py", self.data)
        files = [
            {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in CONTENTS.items()
        ]
        self.write_manifest({"mirrors": [f"{server.url}/good/"], "files": files})

    def write_manifest(self, manifest):
        (self.data / "manifest.json").write_text(json.dumps(manifest))

    def start(self, *behaviours, folder=None, timeout=TIMEOUT) -> subprocess.Popen:
        """Starts a download from mirrors that behave like this; from the manifest's if none is named."""
        command = [sys.executable, self.data / "fetch.py", f"--timeout={timeout}"]
        command += [f"--mirror={self.server.url}/{behaviour}" for behaviour in behaviours]
        command += [f"--folder={folder}"] if folder else []
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "no_proxy": "*"}
        )

    def fetch(self, *behaviours, **options) -> "Result":
        return Result(self.start(*behaviours, **options))

    def holds(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


class Result:
    """How a download ended."""

    def __init__(self, process: subprocess.Popen):
        self.output, self.errors = process.communicate(timeout=60)
        self.code = process.returncode


@pytest.fixture
def project(tmp_path, server):
    return Project(tmp_path, server)


def test_fetches_all_files_from_the_mirror_of_the_manifest(project):
    result = project.fetch()
    assert result.code == 0, result.errors
    assert project.holds() == CONTENTS


def test_says_how_far_it_is_in_whole_lines(project):
    output = project.fetch().output
    assert "images.gz: 50 % of 0.30 MB\n" in output
    assert "\r" not in output


def test_follows_a_redirect(project):
    assert project.fetch("elsewhere").code == 0
    assert project.holds() == CONTENTS


def test_fetches_into_the_folder_that_is_named(project, tmp_path):
    assert project.fetch(folder=tmp_path / "a folder" / "für mich").code == 0
    assert (tmp_path / "a folder" / "für mich" / "labels.gz").read_bytes() == CONTENTS["labels.gz"]


def test_does_nothing_when_everything_is_there(project):
    project.fetch()
    project.server.requested.clear()
    result = project.fetch()
    assert (result.code, result.output) == (0, "MNIST is present: 2 files, 0.3 MB.\n")
    assert project.server.requested == []


def test_replaces_only_what_was_altered(project):
    project.fetch()
    project.server.requested.clear()
    altered = bytearray(CONTENTS["labels.gz"])
    altered[7] ^= 1
    (project.folder / "labels.gz").write_bytes(altered)
    assert project.fetch().code == 0
    assert project.server.requested == ["/good/labels.gz"]
    assert project.holds() == CONTENTS


FAULTS = {
    "missing": "HTTP Error 404",
    "broken": "HTTP Error 500",
    "wrong": "expected SHA-256",
    "short": "expected 300000 bytes, found only 299999",
    "long": "expected 300000 bytes, found more",
    "endless": "expected 300000 bytes, found more",
    "drop": "expected 300000 bytes, found only 150000",
    "stall": "found none for 0.5 seconds",
    "silent": "found none for 0.5 seconds",
    "circle": "infinite loop",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_goes_on_to_the_next_mirror(project, fault):
    result = project.fetch(fault, "good")
    assert result.code == 0, result.errors
    assert project.holds() == CONTENTS
    assert FAULTS[fault] in result.output


def test_goes_on_to_the_next_mirror_when_a_file_never_ends(project):
    result = project.fetch("drip", "good", timeout=0.2)
    assert result.code == 0, result.errors
    assert project.holds() == CONTENTS
    assert "expected the file within 4 seconds, found it still coming" in result.output


@pytest.mark.parametrize("fault", FAULTS)
def test_leaves_nothing_when_no_mirror_has_the_file(project, fault):
    assert project.fetch(fault).code == 1
    assert project.holds() == {}


def test_an_error_names_every_url_and_its_fault(project):
    errors = project.fetch("missing", "wrong").errors
    url = project.server.url
    assert errors.startswith("fetch.py: images.gz: expected it from a mirror, found none that has it.")
    assert errors.count(f"{url}/missing/images.gz: expected the file, found: HTTP Error 404: Not Found\n") == 2
    assert errors.count(f"{url}/wrong/images.gz: expected SHA-256") == 2


def test_an_error_names_a_server_that_is_not_there(project):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # a port on which nothing listens
        project.server.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        errors = project.fetch("good").errors
    assert f"{project.server.url}/good/images.gz: expected the file, found: <urlopen error" in errors


def test_keeps_an_altered_file_that_cannot_be_replaced(project):
    project.folder.mkdir()
    (project.folder / "images.gz").write_bytes(b"the user's own")
    assert project.fetch("missing").code == 1
    assert project.holds() == {"images.gz": b"the user's own"}


def test_keeps_what_was_fetched_before_a_failure(project):
    project.fetch()
    (project.folder / "labels.gz").unlink()
    assert project.fetch("broken").code == 1
    assert project.holds() == {"images.gz": CONTENTS["images.gz"]}


def test_two_downloads_at_once_fetch_each_file_once(project):
    results = [Result(process) for process in [project.start("slow"), project.start("slow")]]
    assert [result.code for result in results] == [0, 0], results[0].errors + results[1].errors
    assert sorted(project.server.requested) == ["/slow/images.gz", "/slow/labels.gz"]
    assert project.holds() == CONTENTS


def wait_for_a_part(project):
    part = project.folder / "images.gz.part"
    deadline = time.monotonic() + 20
    while not part.exists():
        assert time.monotonic() < deadline, "no download started"
        time.sleep(0.01)


def test_an_interrupted_download_leaves_nothing(project):
    process = project.start("drip")
    wait_for_a_part(project)
    process.send_signal(signal.SIGINT)
    assert Result(process).code == 1
    assert project.holds() == {}


def test_a_killed_download_leaves_nothing_that_the_next_one_does_not_tidy_up(project):
    process = project.start("drip")
    wait_for_a_part(project)
    process.kill()
    process.communicate()
    assert project.fetch().code == 0
    assert project.holds() == CONTENTS


def test_says_so_when_the_folder_cannot_be_made(project):
    project.folder.write_text("a file")
    result = project.fetch()
    assert result.code == 1
    assert result.errors.startswith(f"fetch.py: {project.folder}: expected a folder to write to")


def test_says_so_when_the_manifest_is_damaged(project):
    project.write_manifest({"mirrors": []})
    result = project.fetch()
    assert result.code == 1
    assert "manifest.json: expected the list of mirrors and files, found KeyError('files')" in result.errors


def test_the_real_manifest_has_two_mirrors_for_four_files():
    manifest = json.loads((HERE / "manifest.json").read_text())
    assert (len(manifest["mirrors"]), len(manifest["files"])) == (2, 4)
    assert all(mirror.startswith("https://") for mirror in manifest["mirrors"])
