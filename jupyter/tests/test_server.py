"""JupyterLab, as `make lab` starts it, is for its user alone."""

import contextlib
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

import psutil
import pytest

from setup.environment import OWN, ROOT
from test_kernel import wait_until

RUNTIME = OWN / "jupyter" / "runtime"


class Server:
    """JupyterLab on the project's notebooks; `url` and `token` are what it tells its user."""

    def __init__(self):
        command = ("make", "lab", "LAB_OPTIONS=--no-browser --port=0")
        self.process = psutil.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def __enter__(self) -> "Server":
        if not wait_until(self._has_told):
            self.__exit__()
            raise RuntimeError("JupyterLab did not start")
        return self

    def __exit__(self, *_) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)

    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def _has_told(self) -> bool:
        for process in self.processes():
            with contextlib.suppress(OSError, ValueError):
                told = json.loads((RUNTIME / f"jpserver-{process.pid}.json").read_text())
                self.url, self.token = told["url"], told["token"]
                return True
        return False

    def status(self, query: str = "") -> int:
        """The status of the answer to a request for the notebooks."""
        try:
            with urllib.request.urlopen(f"{self.url}api/contents{query}", timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture(scope="module")
def server():
    with Server() as started:
        yield started


def test_it_listens_on_loopback_alone(server):
    listening = [
        connection.laddr.ip
        for process in server.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


def test_it_shows_nothing_without_its_token(server):
    assert server.status() == 403
    assert server.status(f"?token={'0' * len(server.token)}") == 403
    assert server.status(f"?token={server.token}") == 200


def test_its_token_cannot_be_guessed(server):
    assert len(server.token) >= 32
    with Server() as another:
        assert another.token != server.token
