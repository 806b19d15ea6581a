"""The checks that every page of the report must pass, made on the finished pages."""

import base64
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

# What nbconvert writes for an image without alternative text.
NO_ALT = "No description has been provided for this image"
LOADING = ("src", "srcset", "data", "poster", "action", "background", "xlink:href")
EXTERNAL = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"""(url\(|@import)\s*["']?\s*(https?:)?//""", re.IGNORECASE)
IN_SCRIPT = re.compile(r"""https?://|["'`]//""", re.IGNORECASE)
IN_SVG = re.compile(r"""(href|src)\s*=\s*["']\s*(https?:)?//""", re.IGNORECASE)
# How evcxr shows a value that has no other representation.
DEBUG_FORM = re.compile(r"\s*[A-Z]\w* \{ \w+: ")
LATEX = re.compile(r"\$|\\[A-Za-z]+|\\[(\[]")


def faults(folder: Path, final: Path | None = None) -> list[str]:
    """Every fault of the pages in `folder`, as a sentence that names the page.

    A link may also lead to a file in `final`, the folder in which the pages will be.
    """
    pages = {path.name: BeautifulSoup(path.read_text(), "html.parser") for path in sorted(folder.glob("*.html"))}
    found = []
    for name, page in pages.items():
        for check in (external_references, images_without_text, outputs_at_fault, repeated_ids, raw_mathematics):
            found += [f"{name}: {sentence}" for sentence in check(page)]
        found += [f"{name}: {sentence}" for sentence in missing_targets(name, page, pages, final or folder)]
    return found


def external_references(page: BeautifulSoup):
    """Everything that the page would load from elsewhere; links that a reader follows do not count."""
    for tag in page.find_all(True):
        attributes = LOADING if tag.name == "a" else (*LOADING, "href")
        for name in attributes:
            if EXTERNAL.match(tag.get(name, "")):
                yield f"<{tag.name}> loads something external: {short(tag[name])}"
        if IN_STYLE.search(tag.get("style", "")):
            yield f"the style of a <{tag.name}> loads something external"
        svg = svg_of(tag.get("src", ""))
        if IN_SVG.search(svg) or IN_STYLE.search(svg):
            yield f'the image "{tag.get("alt", "")}" loads something external'
    for tag in page.find_all(["style", "script"]):
        if tag.get("type") == "application/json":  # data, which loads nothing
            continue
        if (IN_STYLE if tag.name == "style" else IN_SCRIPT).search(tag.get_text()):
            yield f"a <{tag.name}> loads something external"


def images_without_text(page: BeautifulSoup):
    """Images without alternative text."""
    for number, image in enumerate(page.find_all("img"), 1):
        if image.get("alt", "").strip() in ("", NO_ALT):
            yield f"image {number} has no alternative text"


def outputs_at_fault(page: BeautifulSoup):
    """Outputs of code cells that show nothing, an error, or the debug form of a value."""
    for cell in page.select(".cell"):
        for output in cell.select(".output"):
            if "error" in output["class"]:
                yield f"{label(cell)} shows an error: {short(output.get_text())}"
            elif output.get_text().strip() in ("", "()") and not output.find(["img", "svg"]):
                yield f"{label(cell)} has an empty output"
            elif "stream" not in output["class"] and DEBUG_FORM.match(output.get_text()):
                yield f"{label(cell)} shows a value in its debug form: {short(output.get_text())}"


def repeated_ids(page: BeautifulSoup):
    """Ids that occur twice: a link finds only the first."""
    counts = Counter(tag["id"] for tag in page.find_all(id=True))
    for name, count in counts.items():
        if count > 1:
            yield f"the id {name} occurs {count} times"


def missing_targets(name: str, page: BeautifulSoup, pages: dict[str, BeautifulSoup], final: Path):
    """Links to files or sections that do not exist."""
    for tag in page.find_all(["a", "img"]):
        url = urlsplit(tag.get("href" if tag.name == "a" else "src", ""))
        if url.scheme or url.netloc:
            continue
        path, section = unquote(url.path), unquote(url.fragment)
        if path and path not in pages and not (final / path).exists():
            yield f"the link to {path} leads nowhere"
        elif section and (target := pages.get(path or name)) and not target.find(id=section):
            yield f"the link to {path}#{section} leads to no section"


def raw_mathematics(page: BeautifulSoup):
    """LaTeX that is shown as source."""
    for text in page.find_all(string=LATEX):
        if not text.find_parent(["code", "pre", "script", "style"]):
            yield f"raw LaTeX is left in: {short(text)}"


def label(cell: Tag) -> str:
    """How the page numbers a code cell."""
    return f"code cell {cell.get('data-number') or '?'}"


def short(text: str) -> str:
    """At most 60 characters of a text, in one line."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def svg_of(source: str) -> str:
    """The text of an SVG image in a `data:` address; otherwise empty."""
    head, _, body = source.partition(",")
    if not head.startswith("data:image/svg+xml"):
        return ""
    if head.endswith(";base64"):
        return base64.b64decode(body).decode(errors="replace")
    return unquote(body)
