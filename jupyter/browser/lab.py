"""JupyterLab as `make lab` starts it, and the notebooks that are open in it, as a user sees them."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, expect

from setup.environment import ROOT

START_SECONDS, STOP_SECONDS, CELL_SECONDS = 120, 30, 300
RED = "[data-mime-type='application/vnd.jupyter.stderr']"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUST = {"kernelspec": {"name": "rust", "display_name": "Rust", "language": "rust"}}
IS_IDLE = """() => document.querySelector("#jp-main-statusbar")?.textContent.includes("| Idle")
    && !document.querySelector(".jp-Notebook").textContent.includes("[*]")"""
# All cells are marked [*] at once, and those behind one that fails lose the mark.
HAS_RUN = f"""() => ({IS_IDLE})()
    && [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].some(prompt => /\\d/.test(prompt.textContent))"""
IMAGES = """images => Promise.all(images.map(image => image.decode().catch(() => {})
    .then(() => [image.alt, image.complete, image.naturalWidth])))"""


class Lab:
    """A JupyterLab server on a folder, in quick mode; it trusts no notebook and knows no settings of the user's."""

    def __init__(self, folder: Path):
        self.folder, self.token = folder / "notebooks", "browser-tests"
        self.folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        options = (
            "--no-browser",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            "--NotebookNotary.db_file=:memory:",
            f"--IdentityProvider.token={self.token}",
        )
        command = ("make", "lab", f"LAB_OPTIONS={' '.join(options)}", f"LAB_FOLDER={self.folder}")
        own = {"HINGE_QUICK": "1", "JUPYTERLAB_SETTINGS_DIR": str(folder), "JUPYTERLAB_WORKSPACES_DIR": str(folder)}
        settings = folder / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        self.log = folder / "log.txt"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def __enter__(self) -> "Lab":
        limit = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < limit:
            with contextlib.suppress(OSError):
                self.ask("/api")
                return self
            time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()}")

    def __exit__(self, *_) -> None:
        """Ends the server, which ends its kernels."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self.process.pid, number)
                self.process.wait(STOP_SECONDS)
                return

    def printed_address(self) -> str:
        """The address that the server prints for whoever has no browser opened, with the token that it does not."""
        return re.search(r"(http://127\S+[?&]token=)", self.log.read_text())[1] + self.token

    def ask(self, path: str) -> dict:
        """What the server answers."""
        with urllib.request.urlopen(f"{self.address}{path}?token={self.token}", timeout=10) as answer:
            return json.load(answer)

    def copy(self, notebook: Path, name: str) -> str:
        """Puts a copy of a notebook in the folder, which finds the crate and the stored studies from there."""
        text = re.sub(r'(?<=\\")\.\.(?=/crate|/data/)', str(ROOT), notebook.read_text())
        (self.folder / name).write_text(text)
        return name

    def write(self, *sources: str, name: str) -> str:
        """Writes a notebook with these code cells."""
        cells = [
            {
                "cell_type": "code",
                "source": source,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "id": f"cell-{number}",
            }
            for number, source in enumerate(sources)
        ]
        notebook = {"cells": cells, "metadata": RUST, "nbformat": 4, "nbformat_minor": 5}
        (self.folder / name).write_text(json.dumps(notebook))
        return name


class Notebook:
    """A notebook in a new browser tab."""

    def __init__(self, lab: Lab, context: BrowserContext, name: str):
        self.lab, self.path, self.page = lab, f"/api/contents/{name}", context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.goto(f"{lab.address}/lab/tree/{name}?reset&token={lab.token}")
        self.cells = self.page.locator(".jp-CodeCell")
        self.outputs = self.page.locator(".jp-OutputArea-output")
        self.is_trusted = any(cell["metadata"].get("trusted") for cell in self.stored())
        # JupyterLab adds hidden cells when it is idle.
        expect(self.page.locator(".jp-Notebook-cell")).to_have_count(len(self.stored()))
        self.wait(IS_IDLE)

    def stored(self) -> list[dict]:
        """The cells as the server has stored them."""
        return self.lab.ask(self.path)["content"]["cells"]

    def close(self) -> None:
        """Shuts its kernel down and closes the tab."""
        with self.page.expect_response(lambda response: response.request.method == "DELETE"):
            self.menu("Kernel", "Shut Down Kernel")
        self.page.close()

    def wait(self, condition: str) -> None:
        """Waits until a condition of JavaScript holds."""
        self.page.wait_for_function(condition, timeout=1000 * CELL_SECONDS)

    def menu(self, bar: str, *items: str) -> None:
        """Chooses an item of a menu."""
        self.page.locator(".lm-MenuBar-itemLabel").get_by_text(bar, exact=True).click()
        for item in items:
            self.page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()

    def images(self) -> list:
        """Description, whether it is there, and width of each image in the outputs."""
        return self.outputs.locator("img").evaluate_all(IMAGES)

    def errors(self) -> list[str]:
        """The reasons of cells that failed, from the saved notebook: JupyterLab draws errors as it draws stderr."""
        with self.page.expect_response(lambda response: response.request.method == "PUT" and self.path in response.url):
            self.menu("File", "Save Notebook")
        outputs = [output for cell in self.stored() for output in cell.get("outputs", ())]
        return [output["evalue"] for output in outputs if output["output_type"] == "error"]

    def start_all(self) -> None:
        """Starts all cells, without their old outputs."""
        self.menu("Edit", "Clear Outputs of All Cells")
        self.menu("Run", "Run All Cells")

    def run_all(self) -> None:
        """Runs all cells, or up to the first that fails."""
        self.start_all()
        self.wait_for_all()

    def wait_for_all(self) -> None:
        """Waits until all cells have run, or one has failed."""
        self.wait(HAS_RUN)

    def edit(self, number: int, old: str, new: str) -> None:
        """Replaces a text in a code cell."""
        editor = self.cells.nth(number).locator(".cm-content")
        editor.fill(editor.inner_text().replace(old, new))

    def start(self, number: int) -> Locator:
        """Starts a code cell and returns its prompt."""
        cell = self.cells.nth(number)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        return cell.locator(".jp-InputPrompt")

    def run(self, number: int) -> Locator:
        """Runs a code cell and returns its outputs."""
        prompt = self.cells.nth(number).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        expect(self.start(number)).not_to_have_text(before)
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=1000 * CELL_SECONDS)
        self.wait(IS_IDLE)
        return self.cells.nth(number).locator(".jp-OutputArea-output")
