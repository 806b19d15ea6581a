"""The programs that tests run, compiled as the tests of the crate are."""

import functools
import json
import subprocess
from pathlib import Path

from kernel.folder import ROOT

# What `make test` tests.
PACKAGES = "--package hinge --package hinge-study --package hinge-bench --all-features"
# With the example and the benchmark all crates have the features that they are tested with: none is compiled twice.
BUILD = f"cargo build --quiet --locked {PACKAGES} --bin hinge-study --example bits --bench training"


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
