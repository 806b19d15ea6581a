"""The modules of the crate and of Python, what each imports, and the list of files in ARCHITECTURE.md.

python3 jupyter/tests/architecture.py    writes that list, from the first sentence of each file
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CRATE = ROOT / "crate" / "src"
PYTHON = ROOT / "jupyter"
PACKAGES = ("setup", "kernel", "report", "assignment")
DOCUMENT = ROOT / "ARCHITECTURE.md"
LISTING = re.compile(r"(?<=<!-- generated -->\n```text\n).*?(?=```)", re.DOTALL)
PICTURE = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)


def rust_files() -> dict[tuple[str, ...], Path]:
    """The crate's files by module: ("data", "idx"); those of folders are mod.rs."""
    files = {}
    for path in CRATE.rglob("*.rs"):
        parts = path.relative_to(CRATE).with_suffix("").parts
        files[parts[:-1] if parts[-1] in ("mod", "lib") else parts] = path
    return files


def code(path: Path) -> str:
    """The code of a Rust file without comments, strings and tests."""
    text = re.sub(r"#\[cfg\(test\)\]\s*[^;{]*;", "", path.read_text()).split("#[cfg(test)]")[0]
    return re.sub(r'//[^\n]*|r#".*?"#|"(?:\\.|[^"\\])*"', "", text, flags=re.DOTALL)


def paths(tree: str) -> list[list[str]]:
    """The paths of a `use` tree: `a::{b, c::d}` gives a::b and a::c::d."""
    head, brace, rest = tree.partition("{")
    prefix = [part.strip() for part in head.split("::") if part.strip()]
    if not brace:
        return [prefix]
    inner, depth, start = rest[: rest.rindex("}")], 0, 0
    branches = []
    for at, letter in enumerate(inner + ","):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            branches.append(inner[start:at])
            start = at + 1
    return [prefix + path for branch in branches if branch.strip() for path in paths(branch)]


def uses(path: Path, exported: bool) -> list[list[str]]:
    """The paths of a file's `use` items, exported or not."""
    items = re.findall(r"^\s*(pub(?:\([\w: ]+\))? )?use ([^;]+);", code(path), re.MULTILINE)
    return [found for public, tree in items if bool(public) == exported for found in paths(tree)]


def rust_imports() -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """The files that each file of the crate imports from, by module."""
    files = rust_files()
    exports = {module: uses(path, exported=True) for module, path in files.items() if path.name in ("mod.rs", "lib.rs")}

    def resolve(module: tuple[str, ...], path: list[str]) -> tuple[str, ...] | None:
        """The file in which the item of a path of `module` is defined; None outside the crate."""
        path = [part.split(" as ")[0] for part in path]
        if path[0] in ("crate", "self", "super"):
            at = {"crate": (), "self": module, "super": module[:-1]}[path[0]]
            path = path[1:]
            while path and path[0] == "super":
                at, path = at[:-1], path[1:]
        elif (*module, path[0]) in files:
            at = module
        else:
            return None
        while path and (*at, path[0]) in files:
            at, path = (*at, path[0]), path[1:]
        for exported in exports.get(at, []):
            if (
                path
                and exported[-1].split(" as ")[-1] == path[0]
                and (found := resolve(at, exported)) not in (None, at)
            ):
                return found
        return at

    imports = {}
    for module, path in files.items():
        if not module:
            continue
        without_items = re.sub(r"^\s*(?:pub(?:\([\w: ]+\))? )?use [^;]+;", "", code(path), flags=re.MULTILINE)
        in_line = re.findall(r"(?<![\w:])(?:crate|super)(?:::\w+)+", without_items)
        found = {resolve(module, each) for each in uses(path, exported=False)}
        found |= {resolve(module, each.split("::")) for each in in_line}
        imports[module] = found - {None, module, ()}
    return imports


def python_imports() -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """The files that each file of Python's packages imports from, by module."""
    files = {(package, path.stem): path for package in PACKAGES for path in (PYTHON / package).glob("*.py")}
    imports = {}
    for module, path in files.items():
        names = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
                found = tuple(node.module.split("."))
                names |= {found} if len(found) > 1 else {(*found, name.name) for name in node.names}
        imports[module] = names
    return imports


def layer(module: tuple[str, ...]) -> str:
    """The module of the picture to which a file belongs. The errors of `data` and `augment` are part of `error`."""
    return "error" if module[-1] == "error" else module[0]


def picture() -> dict[str, set[str]]:
    """What each module of the picture may use directly: `a --> b & c` reads "a uses b and c"."""
    found: dict[str, set[str]] = {}
    for line in PICTURE.search(DOCUMENT.read_text())[1].splitlines():
        user, arrow, used = (part.strip() for part in line.partition("-->"))
        if arrow:
            found.setdefault(user, set()).update(name.strip() for name in used.split("&"))
    return found


def below(module: str, arrows: dict[str, set[str]]) -> set[str]:
    """All that a module may use, directly or through others."""
    found, left = set(), [module]
    while left:
        new = arrows.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def circle(imports: dict) -> list:
    """Modules each of which imports the next, and the last the first; empty if there are none."""
    done, under_way = set(), []

    def visit(module) -> list:
        if module in under_way:
            return [*under_way[under_way.index(module) :], module]
        if module in done:
            return []
        under_way.append(module)
        for other in sorted(imports.get(module, ())):
            if found := visit(other):
                return found
        done.add(under_way.pop())
        return []

    return next((found for module in sorted(imports) if (found := visit(module))), [])


def sentence(path: Path) -> str:
    """The first sentence of a file's documentation."""
    text = path.read_text()
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(text)) or ""
    else:
        text = "\n".join(line[3:].strip() for line in text.splitlines() if line.startswith("//!"))
    paragraph = re.sub(r"\[([^]]*)\]\([^)]*\)|\[(`[^`]*`)\]", r"\1\2", " ".join(text.split("\n\n")[0].split()))
    return paragraph.partition(". ")[0].rstrip(".")


def listing() -> str:
    """A line for each file, with folders as headings."""
    lines = []
    for root, files in ((CRATE, sorted(CRATE.rglob("*.rs"))), (PYTHON, [])):
        files = files or [path for package in PACKAGES for path in sorted((root / package).glob("*.py"))]
        lines.append(f"{root.relative_to(ROOT)}/")
        for path in sorted(
            files, key=lambda path: (path.parent, path.stem not in ("mod", "__init__", "lib"), path.stem)
        ):
            of_folder = path.stem in ("mod", "__init__")
            name = f"{path.parent.name}/" if of_folder else path.name
            depth = len(path.relative_to(root).parts) - of_folder
            lines.append(f"{'  ' * depth + name:<32} {sentence(path)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(LISTING.sub(lambda _: listing(), DOCUMENT.read_text()))
