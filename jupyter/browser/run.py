"""Tests JupyterLab and the report's pages in Chromium.

    python run.py [ARGUMENT OF PYTEST ...]

`make browser` runs this in the project's environment; Playwright has one of its own, target/browser-venv, which is
installed the first time. A missing report is made in quick mode. Screenshots are kept in report/screenshots/.
"""

import os
import shutil
import sys
from pathlib import Path

from setup import environment
from setup.environment import ROOT, Missing

HERE = Path(__file__).resolve().parent
VENV = ROOT / "target" / "browser-venv"
REPORT = ROOT / "report"
# JupyterLab waits for kernels, pages for Chromium: two files of tests at a time.
SIDE_BY_SIDE = ("--numprocesses=2", "--dist=loadfile")


def main() -> int:
    """The command; becomes pytest, or returns its exit status."""
    try:
        if not environment.find_chromium():
            raise Missing(
                f"Chromium is missing: none of {', '.join(environment.CHROMIUM)} is installed; "
                "on Debian install it with `apt-get install chromium`."
            )
        what = f"Installing Playwright in {VENV.relative_to(ROOT)}"
        python = environment.separate_venv(VENV, HERE / "requirements.txt", what)
        if not (REPORT / "index.html").exists():
            environment.call(sys.executable, "-m", "report.build", env=os.environ | {"HINGE_QUICK": "1"})
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    shutil.rmtree(REPORT / "screenshots", ignore_errors=True)
    os.chdir(HERE)
    os.execv(python, [str(python), "-m", "pytest", *SIDE_BY_SIDE, *(sys.argv[1:] or ["."])])


if __name__ == "__main__":
    sys.exit(main())
