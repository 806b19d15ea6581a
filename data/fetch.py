"""Downloads MNIST's four files: python3 data/fetch.py [--folder data/mnist]

Fetches missing and altered files from the mirrors in manifest.json, in turn. A file gets its final name only after its
size and its SHA-256 are verified. Of two downloads at once the second waits for the first.
"""

import argparse
import contextlib
import fcntl
import hashlib
import http.client
import itertools
import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHUNK = 1 << 16  # bytes
ROUNDS = 2  # attempts at every mirror
PAUSE = 1  # seconds between two rounds


@dataclass(frozen=True)
class Wanted:
    """A wanted file: name, size in bytes and SHA-256."""

    name: str
    bytes: int
    sha256: str


class FetchError(Exception):
    """Why the files cannot be downloaded, as a sentence."""


class MirrorError(Exception):
    """Why a file cannot be downloaded from one URL."""


def main() -> None:
    options = parse_options()
    try:
        mirrors, files = read_manifest(HERE / "manifest.json")
        fetch_all(files, options.mirror or mirrors, options.folder, options.timeout)
    except FetchError as error:
        sys.exit(f"fetch.py: {error}")
    except KeyboardInterrupt:
        sys.exit("fetch.py: interrupted; start it again to continue.")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Downloads MNIST's four files, unless they are present.")
    option = parser.add_argument
    option("--folder", type=Path, default=HERE / "mnist", help="the target folder (default: data/mnist)")
    option("--mirror", action="append", metavar="URL", help="a mirror, instead of manifest.json's; may be repeated")
    silence = "the longest silence of a mirror (default: 30); a file may take twenty times as long"
    option("--timeout", type=positive, default=30.0, metavar="SECONDS", help=silence)
    return parser.parse_args()


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number of seconds, found {text}")
    return number


def read_manifest(path: Path) -> tuple[list[str], list[Wanted]]:
    """The mirrors' base URLs and the wanted files."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = [Wanted(entry["name"], entry["bytes"], entry["sha256"]) for entry in manifest["files"]]
        return manifest["mirrors"], files
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FetchError(
            f"{path}: expected the list of mirrors and files, found {error!r}; restore the file."
        ) from error


def fetch_all(files: list[Wanted], mirrors: list[str], folder: Path, timeout: float) -> None:
    """Ensures that all files are in the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder):
            wrong = [file for file in files if not is_there(file, folder / file.name)]
            for file in wrong:
                fetch(file, mirrors, folder, timeout)
    except OSError as error:
        raise FetchError(f"{folder}: expected a folder to write to, found an obstacle: {error}.") from error
    total = f"{sum(file.bytes for file in files) / 1e6:.1f} MB"
    print(f"MNIST is {'complete' if wrong else 'present'}: {len(files)} files, {total}.")


@contextlib.contextmanager
def exclusive(folder: Path):
    """Locks the folder; the system releases the lock when this process ends, even if it is killed."""
    with handle_of(folder) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another download is under way: waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def handle_of(folder: Path):
    """A file descriptor of the folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def is_there(file: Wanted, path: Path) -> bool:
    """Whether the file is present and unaltered."""
    if not path.is_file() or path.stat().st_size != file.bytes:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256


def fetch(file: Wanted, mirrors: list[str], folder: Path, timeout: float) -> None:
    """Downloads one file from the first mirror that serves it unaltered."""
    failures = []
    part = folder / f"{file.name}.part"
    try:
        for attempt, mirror in itertools.product(range(ROUNDS), mirrors):
            if attempt and mirror == mirrors[0]:
                time.sleep(PAUSE)
            url = f"{mirror.rstrip('/')}/{file.name}"
            try:
                download(url, file, part, timeout)
                return install(part, folder / file.name)
            except MirrorError as error:
                failures.append(f"{url}: {error}")
                print(f"  {failures[-1]}", flush=True)
    finally:
        part.unlink(missing_ok=True)
    tried = "".join(f"\n  {failure}" for failure in failures)
    raise FetchError(f"{file.name}: expected it from a mirror, found none that has it. Tried in turn:{tried}")


def download(url: str, file: Wanted, part: Path, timeout: float) -> None:
    """Writes the content of a URL to `part` and verifies it."""
    digest = hashlib.sha256()
    received = quarters = 0
    with part.open("wb") as output:
        for chunk in stream(url, timeout):
            received += len(chunk)
            if received > file.bytes:
                raise MirrorError(f"expected {file.bytes} bytes, found more")
            digest.update(chunk)
            output.write(chunk)
            if quarters < 4 * received // file.bytes:
                quarters = 4 * received // file.bytes
                print(f"{file.name}: {25 * quarters} % of {file.bytes / 1e6:.2f} MB", flush=True)
        output.flush()
        os.fsync(output.fileno())
    if received < file.bytes:
        raise MirrorError(f"expected {file.bytes} bytes, found only {received}")
    if digest.hexdigest() != file.sha256:
        raise MirrorError(f"expected SHA-256 {file.sha256}, found {digest.hexdigest()}")


def stream(url: str, timeout: float):
    """The content of a URL, in chunks. Raises MirrorError for every failure."""
    deadline = time.monotonic() + 20 * timeout
    request = urllib.request.Request(url, headers={"User-Agent": "hinge-fetch"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            while chunk := response.read1(CHUNK):
                yield chunk
                if time.monotonic() > deadline:
                    raise MirrorError(f"expected the file within {20 * timeout:g} seconds, found it still coming")
    except TimeoutError as error:
        raise MirrorError(f"expected data, found none for {timeout:g} seconds") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MirrorError(f"expected the file, found: {error}") from error


def install(part: Path, path: Path) -> None:
    """Gives a complete file its final name, durably."""
    os.replace(part, path)
    with handle_of(path.parent) as handle:
        os.fsync(handle)


if __name__ == "__main__":
    main()
