"""The programs that tests run, compiled as the tests of the crate are."""

import functools
import json
import subprocess
from pathlib import Path

from kernel.folder import ROOT

# With the example the packages have the features that `cargo test` gives them: nothing is compiled again.
BUILD = "cargo build --quiet --locked --package hinge --package hinge-study --bin hinge-study --example bits"


@functools.cache
def programs() -> dict[str, Path]:
    """The programs by their names."""
    command = (*BUILD.split(), "--message-format=json")
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return {m["target"]["name"]: Path(m["executable"]) for m in messages if m.get("executable")}


def program(name: str) -> Path:
    """Where the program is."""
    return programs()[name]
