"""The glossary: its terms, linked where a page uses them first."""

import functools
import re

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from markupsafe import Markup

from report.cells import TEMPLATE

# Where terms are linked, and where not: in headings, other links, code and formulas.
WITHIN = ".prose, .answers"
NOT_IN = ["a", "code", "pre", "math", "th", "caption", "h1", "h2", "h3", "h4", "h5", "h6"]


@functools.cache
def terms() -> dict[str, re.Pattern]:
    """The pattern of each term in texts, by the id of its entry."""
    entries = BeautifulSoup((TEMPLATE / "glossary.html.j2").read_text(), "html.parser").select("dt[id]")
    return {entry["id"]: re.compile(rf"\b(?:{entry['data-pattern']})\b", re.IGNORECASE) for entry in entries}


def with_links(body: str, page: str = "") -> Markup:
    """HTML with a link to the glossary on `page` where it uses a term first."""
    soup, left = BeautifulSoup(body, "html.parser"), dict(terms())
    for text in [text for place in soup.select(WITHIN) for text in place.find_all(string=True)]:
        if not text.find_parent(NOT_IN):
            link(soup, text, left, page)
    return Markup(soup)


def link(soup: BeautifulSoup, text: NavigableString, left: dict[str, re.Pattern], page: str) -> None:
    """Links the terms of `left` in a text, each once, and takes them out of `left`."""
    found = [(match.start(), name, match[0]) for name, pattern in left.items() if (match := pattern.search(text))]
    parts: list[str | Tag] = []
    end = 0
    for start, name, word in sorted(found):
        if start >= end:
            anchor = soup.new_tag("a", href=f"{page}#{name}", attrs={"class": "term"}, string=word)
            parts += [text[end:start], anchor]
            end = start + len(word)
            del left[name]
    if parts:
        text.replace_with(*parts, text[end:])
