"""Lets Jupyter start the kernel as `python jupyter/kernel CONNECTION_FILE`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from kernel.launcher import main  # noqa: E402

main()
