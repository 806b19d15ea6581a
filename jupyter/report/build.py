"""Makes the HTML report: executes the notebooks and writes report/index.html, all on one page, and a page for each.

    python -m report.build            executes what is out of date, and writes the pages
    python -m report.build --stored   writes them from the outputs that the notebooks are stored with, if there are none

Only what is out of date is made again. A notebook is out of date if its cells, the crate, the versions of its
dependencies, the data or HINGE_QUICK changed since its execution; its executed copy in report/notebooks/ records them.
What `make bench` measured has a page too.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from kernel import folder

ROOT = folder.ROOT
NOTEBOOKS = ROOT / "notebooks"
REPORT = ROOT / "report"
BENCHMARK = ROOT / "bench" / "results.json"
STAMP = re.compile(r'<meta name="made-from" content="(\w+)">')


def main() -> int:
    """The command; returns its exit status."""
    sources = sorted(NOTEBOOKS.glob("*.ipynb"))
    if not sources:
        print(f"{NOTEBOOKS} holds no notebooks to make a report of.", file=sys.stderr)
        return 1
    try:
        return stored(sources, REPORT) if "--stored" in sys.argv[1:] else make(sources, REPORT)
    except Mistakes as mistakes:
        print(mistakes, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: the report stays as it was.", file=sys.stderr)
        return 128 + signal.SIGINT


class Mistakes(Exception):
    """Why there is no report; the message has a few lines for each reason."""


def make(sources: list[Path], report: Path) -> int:
    """Makes the report on the notebooks `sources` in the folder `report`; returns 0.

    Raises Mistakes for notebooks that fail and pages with faults; the report then stays as it was.
    """
    executed = [report / "notebooks" / source.name for source in sources]
    both = zip(sources, executed, strict=True)
    stale = {source: target for source, target in both if is_stale(source, target)}
    if not stale and pages_stamp(executed) == written_stamp(report, executed):
        print(f"{report / 'index.html'} is up to date.")
        return 0
    execute(stale, report)
    write_pages(executed, report)
    return 0


def stored(sources: list[Path], report: Path) -> int:
    """Writes a report from the outputs in the notebooks `sources`, unless there is a report; returns 0.

    It is there to read while the kernel is set up. Raises Mistakes if the pages have faults.
    """
    from report.results import STORED

    if (report / "index.html").exists():
        return 0
    executed = [report / "notebooks" / source.name for source in sources]
    executed[0].parent.mkdir(parents=True, exist_ok=True)
    for source, target in zip(sources, executed, strict=True):
        notebook = json.loads(source.read_bytes())
        # As no inputs are those of a notebook, each is executed when the report is made.
        notebook["metadata"]["run"] = {"inputs": STORED, "date": commit_date(source)} | dict.fromkeys(
            ("kernel", "seconds", "rustc", "python", "machine"), STORED
        )
        target.write_text(json.dumps(notebook, indent=1))
    write_pages(executed, report)
    print(f"{report / 'index.html'} shows the results stored in the notebooks, to be read until they are replaced.")
    return 0


def commit_date(file: Path) -> str:
    """When a file was committed last."""
    command = ["git", "log", "-1", "--format=%cs", "--", str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip() or "an unknown day"


def inputs(source: Path) -> str:
    """Digest of everything that the results of a notebook depend on."""
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(source.read_bytes())["cells"]]
    dependencies = folder.digest(ROOT / "Cargo.lock")
    quick = os.environ.get("HINGE_QUICK", "")
    return digest(cells, folder.crate_sources(), dependencies, mnist_listings(), quick)


def mnist_listings() -> list:
    """Names and sizes of the files in the folders in which the crate looks for MNIST."""
    folders = [os.environ.get("MNIST_DIR"), ROOT / "data" / "mnist"]
    return [
        sorted((file.name, file.stat().st_size) for file in Path(place).glob("*ubyte*")) if place else None
        for place in folders
    ]


def digest(*values) -> str:
    """SHA-256 of values that JSON can hold."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def is_stale(source: Path, target: Path) -> bool:
    """Whether a notebook must be executed again."""
    try:
        return json.loads(target.read_bytes())["metadata"]["run"]["inputs"] != inputs(source)
    except (FileNotFoundError, ValueError, KeyError):
        return True


def execute(notebooks: dict[Path, Path], report: Path) -> None:
    """Executes each source and writes it to its target. Raises Mistakes after all were tried."""
    if not notebooks:
        return
    from report.execute import Failed, execute_all, write

    failures, made_from = [], {source: inputs(source) for source in notebooks}
    # The later tasks take longer: begun first, none of them is left to run alone.
    for source, ended in execute_all(sorted(notebooks, reverse=True), report / "failed"):
        try:
            run = ended.result()
        except Failed as failure:
            failures.append(str(failure))
            continue
        run.notebook.metadata.run = {
            "inputs": made_from[source],
            "kernel": run.kernel,
            "date": date.today().isoformat(),
            "seconds": round(run.seconds, 1),
            "rustc": rustc_version(),
            "python": platform.python_version(),
            "machine": machine(),
        }
        write(run.notebook, notebooks[source])
    if failures:
        raise Mistakes("\n".join((*failures, "The report is not written.")))


def rustc_version() -> str:
    """The compiler's version: "1.95.0"."""
    try:
        return subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()[1]
    except (OSError, IndexError):
        return "unknown"


def machine() -> str:
    """Processor, cores and system of this machine."""
    return f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def processor() -> str:
    """The processor's name, if the system gives it."""
    if platform.system() == "Darwin":
        query = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(query, capture_output=True, text=True).stdout.strip()
    with contextlib.suppress(OSError):
        if name := re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            return name[1]
    return "unknown processor"


def pages_stamp(executed: list[Path]) -> str:
    """Digest of everything that the pages are made from."""
    here = Path(__file__).parent
    makers = [*here.glob("*.py"), *(here / "template").iterdir()]
    versions = [importlib.metadata.version(name) for name in ("nbconvert", "docutils")]
    shown = [*executed, *BENCHMARK.parent.glob(f"{BENCHMARK.stem}.[js]*")]
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in shown]
    return digest([path.name for path in shown], contents, folder.digest(*makers), versions)


def page_names(executed: list[Path]) -> list[str]:
    """The pages beside the report's."""
    return [*(path.stem for path in executed), "try"] + (["benchmark"] if BENCHMARK.exists() else [])


def written_stamp(report: Path, executed: list[Path]) -> str | None:
    """What the pages in `report` were made from; None if one is missing."""
    index = report / "index.html"
    if not all(page.exists() for page in (index, *(report / f"{name}.html" for name in page_names(executed)))):
        return None
    stamp = STAMP.search(index.read_text())
    return stamp[1] if stamp else None


def write_pages(executed: list[Path], report: Path) -> None:
    """Writes all pages, checks them and puts them in place. Raises Mistakes if there are faults."""
    from report import benchmark
    from report.checks import faults
    from report.pages import benchmark_page, index_page, notebook_page, try_page
    from report.results import PageError, read

    started = time.monotonic()
    fresh = Path(tempfile.mkdtemp(prefix=".pages-", dir=report))
    try:
        pages = [read(path) for path in executed]
        for results in pages:
            (fresh / f"{results.name}.html").write_text(notebook_page(results, pages))
        (fresh / "try.html").write_text(try_page(pages))
        if measured := benchmark.read(BENCHMARK):
            (fresh / "benchmark.html").write_text(benchmark_page(measured, pages))
        (fresh / "index.html").write_text(index_page(pages, pages_stamp(executed), measured is not None))
        if found := faults(fresh, report):
            shutil.copytree(fresh, report / "failed", dirs_exist_ok=True)
            raise Mistakes("\n".join((*found, f"The report is not written; its pages are in {report / 'failed'}.")))
        replace_pages(fresh, report)
    except PageError as error:
        raise Mistakes(f"{error}\nThe report is not written.") from error
    finally:
        shutil.rmtree(fresh)
    written = f"{report / 'index.html'} and {len(page_names(executed))} more pages"
    print(f"{written}: written and checked in {time.monotonic() - started:.1f} s")


def replace_pages(fresh: Path, report: Path) -> None:
    """Puts new pages in place, the index last, and removes the pages of notebooks that no longer exist."""
    names = sorted((page.name for page in fresh.iterdir()), key=lambda name: name == "index.html")
    for name in names:
        os.replace(fresh / name, report / name)
        (report / "failed" / name).unlink(missing_ok=True)
    for old in (*report.glob("*.html"), *(report / "notebooks").glob("*.ipynb")):
        if f"{old.stem}.html" not in names:
            old.unlink()


if __name__ == "__main__":
    sys.exit(main())
