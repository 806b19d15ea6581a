"""Sets up what notebooks and tests need, under ignored folders of the project.

    python3 jupyter/setup packages         Python packages
    python3 jupyter/setup setup            Python packages, libtorch, evcxr, the Jupyter kernel
    python3 jupyter/setup kernel           the same, and the warm build folder of the kernels
    python3 jupyter/setup run COMMAND...   runs a command with all of it
    python3 jupyter/setup clean            removes what was made

A step that is up to date is skipped; every other prints what it does and how long it took. An interrupted step is
repeated. An active conda environment with libtorch, or the libtorch that LIBTORCH names, is used unchanged. Runs under
any Python from 3.10, without packages.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kernel import folder, toolchain

ROOT = folder.ROOT
JUPYTER = ROOT / "jupyter"
HERE = JUPYTER / "setup"
LOCK = HERE / "requirements.txt"
OWN = ROOT / ".venv"
LIBTORCH_VERSION = "2.13.0"
EVCXR_VERSION = "0.22.0"
RUST = (1, 95)
PYTHON = (3, 10)
MACOS = sys.platform == "darwin"
# Keeps a notebook that fails in `jupyter nbconvert --execute`.
NBCONVERT_CONFIG = """from report import nbconvert_execute

nbconvert_execute.configure(get_config())
"""
# Where the Python of the project's environment finds our modules, in whatever program.
SITE_PACKAGES = Path("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
LIBRARY_PATH = "DYLD_LIBRARY_PATH" if MACOS else "LD_LIBRARY_PATH"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Missing(Exception):
    """Something that the user must provide; the message is a sentence that says how."""


@dataclass(frozen=True)
class Wheels:
    """The source of libtorch: a locked list of wheels, their platform tags, and the libraries to take from them."""

    lock: Path
    platforms: tuple[str, ...]
    libraries: re.Pattern


WHEELS = {
    ("linux", "x86_64"): Wheels(
        HERE / "libtorch-linux-x86_64.txt",
        tuple(f"manylinux{tag}_x86_64" for tag in ("_2_28", "_2_25", "_2_17", "2014")),
        # Not libtorch_cuda and what needs it: tch would link it.
        re.compile(r".*/lib/(libtorch_cpu\.so|libc10\.so|libgomp\.so\.1|libcu(dart|pti)\.so\.13)"),
    ),
    ("darwin", "arm64"): Wheels(
        HERE / "libtorch-macos-arm64.txt",
        ("macosx_14_0_arm64",),
        re.compile(r"torch/lib/(?!libtorch_python|libshm)[^/]+\.dylib"),
    ),
}


def wheels() -> Wheels:
    """The wheels for this machine. Raises Missing if there are none."""
    machine = (sys.platform, platform.machine())
    if machine not in WHEELS:
        remedy = f"set LIBTORCH to the folder of a libtorch {LIBTORCH_VERSION}"
        raise Missing(f"There is no libtorch wheel for {' '.join(machine)}: {remedy}.")
    return WHEELS[machine]


@dataclass(frozen=True)
class Environment:
    """The folders in use: `prefix` holds Python and the kernelspec, `libtorch` holds lib/ and include/."""

    prefix: Path
    libtorch: Path

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python"

    @property
    def kernelspec(self) -> Path:
        return self.prefix / "share" / "jupyter" / "kernels" / "rust"

    def variables(self) -> dict[str, str]:
        """The variables of every command; in one place, since torch-sys is rebuilt if LIBTORCH differs."""
        jupyter, own = OWN / "jupyter", self.kernel_variables()
        return own | {
            "PATH": joined(str(self.prefix / "bin"), str(OWN / "bin"), os.environ["PATH"]),
            LIBRARY_PATH: joined(own[LIBRARY_PATH], os.environ.get(LIBRARY_PATH, "")),
            "PYTHONPATH": joined(str(JUPYTER), os.environ.get("PYTHONPATH", "")),
            "JUPYTER_CONFIG_DIR": str(jupyter / "config"),
            "JUPYTER_CONFIG_PATH": joined(str(JUPYTER / "config"), os.environ.get("JUPYTER_CONFIG_PATH", "")),
            "JUPYTER_DATA_DIR": str(jupyter / "data"),
            "JUPYTER_RUNTIME_DIR": str(jupyter / "runtime"),
            "IPYTHONDIR": str(jupyter / "ipython"),
        }

    def kernel_variables(self) -> dict[str, str]:
        """The variables that a kernelspec gives its kernels."""
        evcxr = find_evcxr()
        return {
            "LIBTORCH": str(self.libtorch),
            LIBRARY_PATH: str(self.libtorch / "lib"),
            "EVCXR_JUPYTER": str(evcxr) if evcxr else "",
        }


def joined(*paths: str) -> str:
    """Several search paths as one, without repeated entries."""
    return os.pathsep.join(dict.fromkeys(filter(None, os.pathsep.join(paths).split(os.pathsep))))


def environment() -> Environment:
    """The active conda environment if it has libtorch, otherwise the project's own."""
    conda = Path(os.environ.get("CONDA_PREFIX") or OWN)
    prefix = conda if conda == OWN or any((conda / "lib").glob("libtorch_cpu.*")) else OWN
    libtorch = os.environ.get("LIBTORCH") or (prefix / "libtorch" if prefix == OWN else prefix)
    return Environment(prefix, Path(libtorch).absolute())


def check_prerequisites() -> None:
    """Raises Missing for the first program that is not installed or too old."""
    if sys.version_info < PYTHON:
        raise Missing(f"Python {platform.python_version()} is too old: 3.10 or newer is needed.")
    for program, remedy in (
        ("git", "install the package git"),
        ("cargo", "install Rust 1.95 or newer with rustup, see rustup.rs"),
        ("rustc", "install Rust 1.95 or newer with rustup, see rustup.rs"),
        (compiler(), "install the package g++ (Debian, Ubuntu), gcc-c++ (Fedora) or Xcode's tools"),
    ):
        if not shutil.which(program):
            raise Missing(f"{program} is missing: {remedy}.")
    version = subprocess.run(["cargo", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"(\d+)\.(\d+)\.\d+", version)
    if not found or tuple(map(int, found.groups())) < RUST:
        raise Missing(f"{version.strip() or 'cargo'} is too old: Rust 1.95 is needed, `rustup update`.")


def compiler() -> str:
    """The C++ compiler's command."""
    return shlex.split(os.environ.get("CXX") or "c++")[0]


def find_chromium() -> str | None:
    """The path of Chromium, which only the browser tests need."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def call(*command: object, **options) -> None:
    """Runs a command, which prints its own errors. Raises Missing if it fails."""
    if status := subprocess.run([str(word) for word in command], **options).returncode:
        raise Missing(f"`{' '.join(map(str, command[:4]))} ...` failed with status {status}.")


@dataclass(frozen=True)
class Step:
    """One part of the set-up: its description, whether it is up to date, and the function that does it."""

    what: str
    is_done: Callable[[Environment], bool]
    do: Callable[[Environment], None]

    def take(self, env: Environment) -> None:
        if self.is_done(env):
            return
        print(f"{self.what} ...", flush=True)
        start = time.monotonic()
        self.do(env)
        print(f"{self.what}: done in {time.monotonic() - start:.0f} s", flush=True)


def venv_stamp(venv: Path, requirements: Path) -> str:
    """Identifies what a virtual environment is made from; its file `python.stamp` holds this."""
    return f"{hashlib.sha256(requirements.read_bytes()).hexdigest()} {venv} {platform.python_version()}"


def has_venv(venv: Path, requirements: Path) -> bool:
    """Whether a virtual environment is up to date with the packages that a file pins."""
    stamp = venv / "python.stamp"
    return stamp.exists() and stamp.read_text() == venv_stamp(venv, requirements)


def create_venv(venv: Path, requirements: Path) -> None:
    """Makes a virtual environment with the packages that a file pins."""
    try:
        import ensurepip  # noqa: F401  Debian ships it separately
    except ImportError:
        raise Missing("Python's venv module is missing: install the package python3-venv.") from None
    shutil.rmtree(venv / "lib", ignore_errors=True)
    call(sys.executable, "-m", "venv", venv)
    call(
        venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--require-hashes", "--only-binary=:all:", "-r", requirements,
    )  # fmt: skip
    (venv / "python.stamp").write_text(venv_stamp(venv, requirements))


def separate_venv(venv: Path, requirements: Path, what: str) -> Path:
    """The Python of a virtual environment beside the project's own; `what` is printed when it must be made."""
    if not has_venv(venv, requirements):
        print(f"{what} ...", flush=True)
        create_venv(venv, requirements)
    return venv / "bin" / "python"


def libtorch_version(libtorch: Path) -> str | None:
    """The version in the headers of a libtorch; None if there are none."""
    for header in ("include/torch/headeronly/version.h", "include/torch/version.h"):
        with contextlib.suppress(OSError):
            text = (libtorch / header).read_text()
            if found := re.search(r'define TORCH_VERSION\s*\\?\s*"([^"+]+)', text):
                return found[1]
    return None


def has_libtorch(env: Environment) -> bool:
    version = libtorch_version(env.libtorch)
    if version != LIBTORCH_VERSION and env.libtorch != OWN / "libtorch":
        found = f"libtorch {version}" if version else "no libtorch"
        remedy = f"{LIBTORCH_VERSION} is needed: install that version there, or unset LIBTORCH"
        raise Missing(f"{env.libtorch} holds {found}, but {remedy}.")
    return version == LIBTORCH_VERSION


def install_libtorch(env: Environment) -> None:
    source, downloads, new = wheels(), OWN / "wheels", OWN / "libtorch.new"
    for remains in (downloads, new, env.libtorch):
        shutil.rmtree(remains, ignore_errors=True)
    call(
        env.python, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--python-version", "3.12",
        *("--implementation", "cp", "--abi", "cp312", "--abi", "none"),
        *(word for tag in source.platforms for word in ("--platform", tag)),
        *("--dest", downloads, "-r", source.lock),
    )  # fmt: skip
    for wheel in downloads.glob("*.whl"):
        unpack(wheel, new, source.libraries)
    if not MACOS:
        # torch-sys links libtorch; the wheel's own wants CUDA.
        (new / "lib" / "libtorch.so").symlink_to("libtorch_cpu.so")
    new.rename(env.libtorch)
    shutil.rmtree(downloads)


def unpack(wheel: Path, target: Path, libraries: re.Pattern) -> None:
    """Unpacks the wanted libraries to lib/ and torch's headers to include/."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if libraries.fullmatch(name):
                path = target / "lib" / Path(name).name
            elif name.startswith("torch/include/") and not name.endswith("/"):
                path = target / Path(name).relative_to("torch")
            else:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as packed, open(path, "wb") as file:
                shutil.copyfileobj(packed, file)


def is_evcxr(program: Path) -> bool:
    """Whether a program is evcxr_jupyter of our version: no option prints the version, its banner holds it."""
    return program.is_file() and f"EvCxR {EVCXR_VERSION} - ".encode() in program.read_bytes()


def find_evcxr() -> Path | None:
    """The project's evcxr_jupyter, otherwise one that is installed already."""
    candidates = [OWN / "bin" / "evcxr_jupyter", shutil.which("evcxr_jupyter")]
    return next((Path(path) for path in candidates if path and is_evcxr(Path(path))), None)


def install_evcxr(env: Environment) -> None:
    build = ROOT / "target" / "evcxr"
    # It holds rust-analyzer, whose full optimisation takes half as much time again and is not felt.
    profile = {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "1", "CARGO_PROFILE_RELEASE_LTO": "off"}
    call(
        "cargo", "install", "--quiet", "--locked", "--root", OWN, "--target-dir", build,
        f"evcxr_jupyter@{EVCXR_VERSION}", env=os.environ | profile,
    )  # fmt: skip
    shutil.rmtree(build)


def has_sources(env: Environment) -> bool:
    return toolchain.has_sources(toolchain.sysroot())


def install_sources(env: Environment) -> None:
    """Adds Rust's sources by rustup. Where that fails it says what to do: kernels run without them, too."""
    rustup = shutil.which("rustup")
    if not rustup or subprocess.run([rustup, "component", "add", "rust-src"], cwd=ROOT).returncode:
        print(
            "The sources of Rust's standard library are missing: without them there is no completion of its names, "
            "and cells take longer to find types. They are in the package rust-src of conda and of Linux "
            "distributions; rustup downloads them: `rustup component add rust-src`."
        )


def jupyter_files(env: Environment) -> dict[Path, str]:
    """The files that Jupyter looks for, and their contents."""
    spec = {
        "argv": [str(env.python), str(JUPYTER / "kernel"), "{connection_file}"],
        "display_name": "Rust",
        "language": "rust",
        "interrupt_mode": "message",
        "env": env.kernel_variables(),
    }
    files = {env.kernelspec / "kernel.json": json.dumps(spec, indent=2, ensure_ascii=False) + "\n"}
    if env.prefix == OWN:  # a conda environment may have one of the user's
        files[OWN / "etc" / "jupyter" / "jupyter_nbconvert_config.py"] = NBCONVERT_CONFIG
        files[OWN / SITE_PACKAGES / "hinge.pth"] = f"{JUPYTER}\n"
    return files


def is_registered(env: Environment) -> bool:
    return all(
        file.exists() and file.read_text(encoding="utf-8") == content for file, content in jupyter_files(env).items()
    )


def register(env: Environment) -> None:
    for file, content in jupyter_files(env).items():
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.new")
        new.write_text(content, encoding="utf-8")
        new.replace(file)


def is_warm(env: Environment) -> bool:
    return folder.warm_inputs() == folder.current_inputs()


def warm(env: Environment) -> None:
    call(env.python, "-m", "setup.warm")
    # What follows is for cargo by itself: it takes four minutes to compile the same once more.
    folder.lend(ROOT / "target")


PACKAGES = Step(
    "Installing Jupyter's Python packages in .venv",
    lambda env: env.prefix != OWN or has_venv(OWN, LOCK),
    lambda env: create_venv(OWN, LOCK),
)
LIBTORCH = Step(f"Downloading libtorch {LIBTORCH_VERSION} to .venv", has_libtorch, install_libtorch)
SOURCES = Step("Adding the sources of Rust's standard library", has_sources, install_sources)
EVCXR = Step(
    f"Compiling the evcxr {EVCXR_VERSION} kernel (6 minutes on two cores)",
    lambda env: bool(find_evcxr()),
    install_evcxr,
)
REGISTER = Step("Registering the Rust kernel with Jupyter", is_registered, register)
KERNEL = Step("Compiling the crate and its dependencies for the kernels", is_warm, warm)
# Steps that wait for each other are in one chain; the chains of a stage are taken side by side.
SETUP = ([(PACKAGES, LIBTORCH), (SOURCES, EVCXR)], [(REGISTER,)])


def setup(*stages: list[tuple[Step, ...]]) -> None:
    """Takes the steps, one stage after the other; a second set-up waits for the first."""
    check_prerequisites()
    with folder.locked(OWN / "setup.lock", "Another set-up is under way: waiting for it."):
        env = environment()
        (OWN / "jupyter").mkdir(exist_ok=True)
        for chains in stages:
            with ThreadPoolExecutor(len(chains)) as pool:
                for done in [pool.submit(take, chain, env) for chain in chains]:
                    done.result()
            os.environ.update(env.variables() | {"PATH": os.environ["PATH"]})


def take(chain: tuple[Step, ...], env: Environment) -> None:
    """Takes one step after the other."""
    for step in chain:
        step.take(env)


def run(command: list[str]) -> None:
    """Replaces this process by a command in the environment."""
    os.environ.update(environment().variables())
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is missing: run `make kernel` first.") from None


def clean() -> None:
    """Removes what set-up, tests and reports made, but not the downloaded data."""
    for made in (OWN, ROOT / "target", folder.KERNEL, ROOT / "report"):
        shutil.rmtree(made, ignore_errors=True)
    for cache in ("__pycache__", ".pytest_cache"):
        for place in (JUPYTER, ROOT / "data", ROOT / "bench"):
            for path in list(place.rglob(cache)):
                shutil.rmtree(path)
    if any((ROOT / "data" / "mnist").glob("*")):
        print("data/mnist/ is kept, since MNIST is slow to download: remove it by hand if necessary.")


def main() -> int:
    """The command `python3 jupyter/setup`: returns 0, 2 for other arguments, or exits with the reason of a failure."""
    try:
        match sys.argv[1:]:
            case ["packages"]:
                setup([(PACKAGES,)])
            case ["setup"]:
                setup(*SETUP)
            case ["kernel"]:
                setup(*SETUP, [(KERNEL,)])
            case ["run", *command] if command:
                run(command)
            case ["clean"]:
                clean()
            case _:
                print(__doc__, file=sys.stderr)
                return 2
        return 0
    except Missing as missing:
        sys.exit(str(missing))
    except OSError as error:
        sys.exit(f"The project cannot be set up: {error}.")
    except KeyboardInterrupt:
        sys.exit("Interrupted: the same command continues from here.")
