"""Lets any Python run the set-up as `python3 jupyter/setup COMMAND`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from setup.environment import main  # noqa: E402

sys.exit(main())
