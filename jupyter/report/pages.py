"""The report's pages: the whole report on one page, a page for each executed notebook, one to try
classifiers on, and one on the benchmark.

A page is a single file that needs nothing else: style, script, mathematics and its font are inside.
"""

import base64
import functools
import importlib.metadata
from dataclasses import asdict

from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from report import benchmark, cover, values
from report.audit import NUMBERS, audit
from report.benchmark import Benchmark
from report.cells import TEMPLATE, cells, unbroken, unbroken_html
from report.glossary import with_links
from report.results import Results, part, short
from report.wire import Classifiers


def notebook_page(results: Results, pages: list[Results]) -> str:
    """The page of one notebook. Raises PageError for a formula that cannot be shown."""
    body = with_links(cells(results), "index.html")
    return page("page.html.j2", results.title, pages, body, results.warnings, results=results)


def benchmark_page(measured: Benchmark, pages: list[Results]) -> str:
    """The page on how long training takes."""
    values = {"svg": base64.b64encode(measured.figure).decode(), "differences": benchmark.DIFFERENCES}
    return page("benchmark.html.j2", "Speed", pages, "", measured.warnings, measured=measured, **values)


def try_page(pages: list[Results]) -> str:
    """The page on which readers try the classifiers that a task exports, the last if several do."""
    exports = [(results, *shown) for results in pages if results.is_task for shown in results.shown(Classifiers)]
    results, place, exported = exports[-1] if exports else (None, None, None)
    warnings, session = (results.warnings, results.session) if results else ([], None)
    values = {"place": place, "exported": exported, "session": session}
    return page("try.html.j2", "Try it: what pixels tell a model", pages, "", warnings, **values)


def message(exported: Classifiers) -> Markup:
    """The JSON of a message, to be put into a page."""
    return htmlsafe_json_dumps(asdict(exported))


def index_page(pages: list[Results], stamp: str, has_benchmark: bool = False) -> str:
    """The report: all tasks and the audit of the original; `stamp` identifies what the pages are made from.

    Raises PageError for a formula that cannot be shown, and if two notebooks show the same defect.
    """
    tasks = [results for results in pages if results.is_task]
    rows = [row for results in tasks for row in results.rows]
    known = {"has_benchmark": has_benchmark, "overview": cover.overview(tasks)}
    body = with_links(render("report.html.j2", pages=pages, tasks=tasks, rows=rows, audit=audit(tasks), **known))
    warnings = dict.fromkeys(warning for results in tasks for warning in results.warnings)
    return page("index.html.j2", TITLE, pages, body, list(warnings), stamp=stamp)


TITLE = "SVM and logistic regression on MNIST, rebuilt in Rust"


def page(template: str, title: str, pages: list[Results], body: str, warnings: list[str], **values) -> str:
    """A page with its contents, and links to the other pages."""
    return render(template, title=title, pages=pages, body=body, headings=headings(body), warnings=warnings, **values)


def render(template: str, **values) -> Markup:
    """The HTML that a template makes of these values."""
    return Markup(environment().get_template(template).render(values))


@functools.cache
def environment() -> Environment:
    """Jinja with everything escaped that is not marked as HTML."""
    loader = FileSystemLoader(TEMPLATE)
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    font = base64.b64encode((TEMPLATE / "math.woff2").read_bytes()).decode()
    env.globals["style"] = Markup((TEMPLATE / "page.css").read_text().replace("FONT", font))
    env.globals["script"] = Markup((TEMPLATE / "page.js").read_text())
    nbconvert = importlib.metadata.version("nbconvert")
    env.globals |= {"report_title": TITLE, "defects_in_all": len(NUMBERS), "nbconvert_version": nbconvert}
    filters = [
        benchmark.number,
        breakable,
        cover.tasks,
        cover.verdicts,
        capitalised,
        embedded,
        message,
        part,
        short,
        unbroken,
        unbroken_html,
    ]
    filters += [values.earlier_epochs, values.inside, values.last_epoch, values.parts, values.quantity, values.runs]
    filters += [values.settings, values.strip, values.value]
    env.filters |= {function.__name__: function for function in filters}
    return env


def capitalised(text: str) -> str:
    """A text as a sentence begins."""
    return text[:1].upper() + text[1:]


def breakable(name: str) -> Markup:
    """A dotted name that may break behind its dots: "torch.compile"."""
    return escape(name).replace(".", Markup(".<wbr>"))


def headings(body: str) -> list[tuple[str, str, str]]:
    """Name, anchor and text of the second and third headings, for the contents."""
    found = BeautifulSoup(body, "html.parser").select("h2[id], h3[id]")
    return [(heading.name, heading["id"], heading.get_text().removesuffix("#").strip()) for heading in found]


def embedded(results: Results, tasks: list[Results]) -> Markup:
    """A notebook's cells as a section of the report: headings one level lower, anchors after the notebook's name."""
    soup = BeautifulSoup(cells(results), "html.parser")
    names = {task.name for task in tasks}
    for tag in soup.find_all(id=True):
        tag["id"] = f"{results.name}/{tag['id']}"
    for link in soup.find_all("a", href=True):
        link["href"] = in_report(link["href"], results.name, names)
    for cell in soup.select("[data-number]"):
        cell["data-number"] += f" of {results.name}"
    for heading in soup.find_all(["h1", "h2", "h3", "h4", "h5"]):
        heading.name = f"h{int(heading.name[1]) + 1}"
    return Markup(soup)


def in_report(href: str, name: str, tasks: set[str]) -> str:
    """Where a link on the page of the notebook `name` leads to in the report, which holds the pages of `tasks`."""
    page, _, section = href.partition("#")
    target = page.removesuffix(".html") or name
    if target not in tasks:
        return href
    return f"#{target}/{section}" if section else f"#{target}"
