"""Downloads MNIST's four files: python3 data/fetch.py [--folder data/mnist]

Fetches what is missing or altered from the mirrors that manifest.json names, in turn. A file gets
its final name only once its size and its SHA-256 are right. Two downloads at once do no harm: the
second waits for the first.
"""

import argparse
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHUNK = 1 << 16  # bytes
ROUNDS = 2  # how often every mirror is tried
PAUSE = 1  # seconds between two rounds


@dataclass(frozen=True)
class Wanted:
    """A file to have: its name, size in bytes and SHA-256."""

    name: str
    bytes: int
    sha256: str


class FetchError(Exception):
    """Why the files cannot be had, as a sentence."""


class MirrorError(Exception):
    """Why a file cannot be had from one URL."""


def main() -> int:
    options = parse_options()
    try:
        mirrors, files = read_manifest(HERE / "manifest.json")
        fetch_all(files, options.mirror or mirrors, options.folder, options.timeout)
    except FetchError as error:
        print(f"fetch.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fetch.py: interrupted; start it again to go on.", file=sys.stderr)
        return 1
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Downloads MNIST's four files, unless they are there.")
    parser.add_argument("--folder", type=Path, default=HERE / "mnist", help="where to (default: data/mnist)")
    parser.add_argument(
        "--mirror", action="append", metavar="URL", help="look here instead of in manifest.json; may be repeated"
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=30.0,
        metavar="SECONDS",
        help="longest silence of a mirror (default: 30); one file may take twenty times as long",
    )
    return parser.parse_args()


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number of seconds, found {text}")
    return number


def read_manifest(path: Path) -> tuple[list[str], list[Wanted]]:
    """The mirrors' base URLs and the files to have."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = [Wanted(entry["name"], entry["bytes"], entry["sha256"]) for entry in manifest["files"]]
        return manifest["mirrors"], files
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FetchError(
            f"{path}: expected the list of mirrors and files, found {error!r}; restore the file."
        ) from error


def fetch_all(files: list[Wanted], mirrors: list[str], folder: Path, timeout: float) -> None:
    """Makes sure that all files are in the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder):
            wrong = [file for file in files if not is_there(file, folder / file.name)]
            for file in wrong:
                fetch(file, mirrors, folder, timeout)
    except OSError as error:
        raise FetchError(f"{folder}: expected a folder to write to, found an obstacle: {error}.") from error
    total = f"{sum(file.bytes for file in files) / 1e6:.1f} MB"
    if wrong:
        print(f"MNIST is complete: {len(files)} files, {total}.")
    else:
        print(f"MNIST is there already: {len(files)} files, {total}.")


@contextlib.contextmanager
def exclusive(folder: Path):
    """Holds the folder's lock, which the system releases however this process ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another download is under way: waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_there(file: Wanted, path: Path) -> bool:
    """Whether the file is there, unaltered."""
    if not path.is_file() or path.stat().st_size != file.bytes:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256


def fetch(file: Wanted, mirrors: list[str], folder: Path, timeout: float) -> None:
    """Gets one file from the first mirror that has it right."""
    failures = []
    part = folder / f"{file.name}.part"
    try:
        for attempt in range(ROUNDS):
            if attempt:
                time.sleep(PAUSE)
            for mirror in mirrors:
                url = f"{mirror.rstrip('/')}/{file.name}"
                try:
                    download(url, file, part, timeout)
                except MirrorError as error:
                    failures.append(f"{url}: {error}")
                    print(f"  {failures[-1]}", flush=True)
                else:
                    install(part, folder / file.name)
                    return
    finally:
        part.unlink(missing_ok=True)
    tried = "".join(f"\n  {failure}" for failure in failures)
    raise FetchError(f"{file.name}: expected it from a mirror, found none that has it. Tried in turn:{tried}")


def download(url: str, file: Wanted, part: Path, timeout: float) -> None:
    """Writes what the URL serves to `part`, and checks it."""
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
    """The bytes that a URL serves, in chunks. Whatever goes wrong is a MirrorError."""
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
    """Gives a complete file its final name, at once and for good."""
    os.replace(part, path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main())
