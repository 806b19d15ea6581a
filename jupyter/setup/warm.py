"""Warms the build folder of the kernels: what a notebook compiles first, compiled once for all.

    python -m setup.warm

Starts a kernel, runs the first cells of a notebook in it and keeps a copy of its build folder.
"""

import shutil
import sys
from pathlib import Path

from jupyter_client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from kernel import folder

CELLS = (
    ':dep hinge = { path = "crate" }\nuse hinge::prelude::*;',
    "let answer = 6 * 7;",
    'println!("{}", std::env::var("EVCXR_TMPDIR").unwrap());',
)


def run(client: BlockingKernelClient, code: str) -> str:
    """Runs a cell and returns what it printed; ends the program when the cell fails."""
    printed = []

    def show(message: dict) -> None:
        if message["msg_type"] != "stream":
            return
        text = message["content"]["text"]
        if message["content"]["name"] == "stdout":
            printed.append(text)
        elif text.lstrip().startswith("Compiling"):
            print(text, end="", flush=True)

    reply = client.execute_interactive(code, output_hook=show)["content"]
    if reply["status"] != "ok":
        sys.exit("\n".join((*reply.get("traceback", []), "The crate does not compile in a notebook.")))
    return "".join(printed)


def main() -> None:
    inputs = folder.current_inputs()
    try:
        manager, client = start_new_kernel(kernel_name="rust", cwd=str(folder.ROOT))
    except RuntimeError as error:
        sys.exit(f"The Rust kernel did not start: {error}.")
    try:
        private = [run(client, cell) for cell in CELLS][-1].strip()
        following = folder.KERNEL / "next"
        shutil.rmtree(following, ignore_errors=True)
        folder.copy_tree(Path(private), following, links=True)
        folder.publish(following, inputs)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
