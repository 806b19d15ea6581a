"""The report's pages: the whole to be read from top to bottom, one per executed notebook, and one on the benchmark.

A page is a single file that needs nothing else: style, script, mathematics and its font are inside.
"""

import base64
import html
import importlib.metadata
import re
from collections import Counter
from itertools import groupby
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from report import benchmark
from report.audit import NUMBERS, audit
from report.benchmark import Benchmark, Side
from report.findings import findings
from report.results import PageError, Results, part, short
from report.wire import Comparison, Row

TEMPLATE = Path(__file__).with_name("template")
# Environments that stand for themselves; docutils sets the lines inside as `aligned`.
DISPLAY_ENVIRONMENTS = {"align", "align*", "equation", "equation*"}
# Browsers stretch these wherever they stand, LaTeX only after `\left` and `\right`.
FENCES = set("⟨⟩‖|⌊⌋⌈⌉")
# The space in "60 000" and "95 %", at which no line may end.
NUMBER_SPACE = re.compile(r"(?<=\d) (?=\d{3}\b|%)")
# What of HTML is text, and not inside a tag.
TEXT = re.compile(r"(?:^|>)[^<]*")


def notebook_page(results: Results, pages: list[Results]) -> str:
    """The page of one notebook. Raises PageError for a formula that cannot be shown."""
    body = cells(results)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=results.title,
            pages=pages,
            results=results,
            body=body,
            headings=headings(body),
            warnings=results.warnings,
        )
    )


def benchmark_page(measured: Benchmark, pages: list[Results]) -> str:
    """The page on how long training takes."""
    svg = base64.b64encode(benchmark.plot(measured.timings).encode()).decode()
    template = environment().get_template("benchmark.html.j2")
    return template.render(
        title="Speed",
        pages=pages,
        measured=measured,
        sides=list(Side),
        others=[side for side in Side if side != Side.OURS],
        svg=svg,
        alt=benchmark.description(measured.timings),
        headings=[],
        warnings=measured.warnings,
    )


def index_page(pages: list[Results], stamp: str, has_benchmark: bool = False) -> str:
    """The report: all tasks and what they say of the original; `stamp` says what the pages are made from.

    Raises PageError for a formula that cannot be shown, and where what the notebooks say of the original does not
    fit together.
    """
    tasks = [results for results in pages if results.is_task]
    rows = [row for results in tasks for row in results.rows]
    audited = audit(tasks)
    title = "SVM and logistic regression on MNIST, rebuilt in Rust"
    body = Markup(
        environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            tasks=[(results, embedded(results, tasks)) for results in tasks],
            others=[results for results in pages if not results.is_task],
            findings=findings(tasks, audited),
            audit=audited,
            rows=rows,
            parts=parts([comparison for results in tasks for comparison in results.comparisons]),
            facts=facts(tasks),
            tools=tools(tasks),
            has_benchmark=has_benchmark,
        )
    )
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            title=title,
            pages=pages,
            body=body,
            headings=headings(body),
            stamp=stamp,
            warnings=distinct(warning for results in tasks for warning in results.warnings),
        )
    )


def cells(results: Results) -> Markup:
    """A notebook's cells as HTML. Raises PageError for a formula that cannot be shown."""
    try:
        return Markup(Exporter().from_notebook_node(results.notebook)[0])
    except PageError as error:
        raise PageError(f"{results.name}.ipynb: {error}") from error


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


def headings(body: str) -> list[tuple[str, str, str]]:
    """Name, anchor and text of the second and third headings, for the contents."""
    found = BeautifulSoup(body, "html.parser").select("h2[id], h3[id]")
    return [(heading.name, heading["id"], heading.get_text().removesuffix("#").strip()) for heading in found]


def environment() -> Environment:
    """Jinja with everything escaped that is not marked as HTML."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    font = base64.b64encode((TEMPLATE / "math.woff2").read_bytes()).decode()
    env.globals["style"] = Markup((TEMPLATE / "page.css").read_text().replace("FONT", font))
    env.globals["script"] = Markup((TEMPLATE / "page.js").read_text())
    env.globals["defects_in_all"] = len(NUMBERS)
    env.filters |= {
        "value": value,
        "quantity": quantity,
        "part": part,
        "short": short,
        "runs": runs,
        "inside": inside,
        "strip": interval_strip,
        "last_epoch": last_epoch,
        "settings": settings,
        "earlier_epochs": earlier_epochs,
        "number": benchmark.number,
        "unbroken": unbroken,
    }
    return env


class Renderer(IPythonRenderer):
    """Markdown to HTML with MathML, headings with anchors, and links between notebooks."""

    def __init__(self, anchors: Counter, attachments: dict):
        super().__init__(escape=False, attachments=attachments)
        self.anchors = anchors

    def heading(self, text: str, level: int, **attrs) -> str:
        anchor = re.sub(r"\s", "-", plain(text))  # as in JupyterLab, so that links work in both
        self.anchors[anchor] += 1
        taken = self.anchors[anchor]
        anchor = html.escape(f"{anchor}~{taken}" if taken > 1 else anchor)
        link = f'<a class="anchor" href="#{anchor}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{anchor}">{text}{link}</h{level}>\n'

    def text(self, text: str) -> str:
        return unbroken(super().text(text))

    def inline_math(self, body: str) -> str:
        return mathml(body, as_block=False)

    def block_math(self, body: str) -> str:
        return f'<div class="formula">{mathml(body, as_block=True)}</div>'

    def latex_environment(self, name: str, body: str) -> str:
        if name not in DISPLAY_ENVIRONMENTS:
            body = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self.block_math(body)

    def table(self, text: str) -> str:
        return f'<div class="wide"><table>\n{text}</table></div>\n'

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        tag, scope = ("th", ' scope="col"') if head and text else ("td", "")
        style = f' style="text-align:{align}"' if align else ""
        return f"<{tag}{scope}{style}>{text}</{tag}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, re.sub(r"^([^:/#]+)\.ipynb(?=#|$)", r"\1.html", url), title)


class Exporter(HTMLExporter):
    """The body of a notebook's page; `anchors` counts the headings with each text."""

    def __init__(self):
        super().__init__(
            template_name=TEMPLATE.name,
            template_file="notebook.html.j2",
            extra_template_basedirs=[str(TEMPLATE.parent)],
        )
        self.anchors = Counter()
        self.register_filter("unbroken_html", unbroken_html)

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        attachments = context.get("cell", {}).get("attachments", {})
        return MarkdownWithMath(renderer=Renderer(self.anchors, attachments)).render(source)


def mathml(tex: str, as_block: bool) -> str:
    """MathML of a formula. Raises PageError where it would not show what LaTeX does."""
    tex = tex.strip()
    if r"\operatorname*" in tex:
        raise PageError(f"`{tex}`: `\\operatorname*` is not understood; `\\arg\\max` and `\\max` are")
    try:
        return as_latex_sets_it(tex2mathml(tex, as_block=as_block))
    except MathError as error:
        raise PageError(f"`{tex}`: {error}") from error


def as_latex_sets_it(formula: str) -> str:
    """MathML with three things put right: primes, upright capital Greek, and fences that do not grow by themselves."""
    soup = BeautifulSoup(formula, "html.parser")
    for operator in soup.find_all("mo"):
        if operator.string == "'":
            operator.string = "\u2032"
        elif operator.string in FENCES and not encloses_row(operator):
            operator["stretchy"] = "false"
    for letter in soup.select("mi.capital-greek"):
        letter["mathvariant"] = "normal"
    return str(soup)


def encloses_row(operator: Tag) -> bool:
    """Whether an operator is one of a pair made by `\\left` and `\\right`."""
    neighbours = operator.find_previous_sibling(), operator.find_next_sibling()
    return operator.parent.name == "mrow" and None in neighbours


def unbroken(text: str) -> str:
    """A text in which no line ends inside a number or before its unit."""
    return NUMBER_SPACE.sub("\N{NO-BREAK SPACE}", text)


def unbroken_html(markup: str) -> Markup:
    """HTML in which no line ends inside a number or before its unit."""
    return Markup(TEXT.sub(lambda text: unbroken(text[0]), markup))


def plain(markup: str) -> str:
    """The text of some HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).strip()


def distinct(values) -> list:
    """The values in their order, each once."""
    return list(dict.fromkeys(values))


def parts(comparisons: list[Comparison]) -> dict[str, list[Row]]:
    """The compared values by part of the assignment."""
    found: dict[str, list[Row]] = {}
    for comparison in sorted(comparisons, key=lambda comparison: comparison.part):
        found.setdefault(comparison.part, []).extend(comparison.rows)
    return found


def last_epoch(rows: list[Row]) -> list[Row]:
    """The rows of the last epoch, those of the original's tables."""
    last = max(row.epoch for row in rows)
    return [row for row in rows if row.epoch == last]


def earlier_epochs(rows: list[Row]) -> list[Row]:
    """The rows of the epochs before the last, those of the original's printed logs."""
    last = max(row.epoch for row in rows)
    return [row for row in rows if row.epoch < last]


def runs(rows: list[Row]) -> list[tuple[tuple, list[Row]]]:
    """The rows by what the published run was: its setting, source and epoch."""
    neighbours = groupby(rows, lambda row: (row.setting, row.source, row.epoch))
    return [(run, list(values)) for run, values in neighbours]


def settings(rows: list[Row]) -> list[tuple[str, int, int]]:
    """What was trained for the rows: setting, seeds and epochs."""
    return distinct((row.setting, row.seeds, row.epoch) for row in last_epoch(rows))


def facts(pages: list[Results]) -> list[tuple[str, str]]:
    """What was run, as name and value."""
    sessions = [results.session for results in pages]
    return [
        ("Data", several(session.data.description for session in sessions)),
        ("Seeds", seeds([row for results in pages for row in results.rows])),
        ("Versions", several(f"hinge {session.hinge}, libtorch {session.libtorch}" for session in sessions)),
        ("Executed", several(results.run.date for results in pages)),
    ]


def tools(pages: list[Results]) -> list[tuple[str, str]]:
    """What it was run with, as name and value."""
    names = {"Kernel": "kernel", "rustc": "rustc", "Python": "python", "Machine": "machine"}
    found = [(name, several(results.run[key] for results in pages)) for name, key in names.items()]
    return [*found, ("nbconvert", importlib.metadata.version("nbconvert"))]


def several(values) -> str:
    """Each of the values once: more than one where the notebooks differ."""
    return "; ".join(distinct(values))


def seeds(rows: list[Row]) -> str:
    """How many seeds the compared values rest on."""
    counts = sorted({row.seeds for row in rows})
    if not counts:
        return "nothing is compared"
    return f"{counts[0]} to {counts[-1]} for each value" if len(counts) > 1 else f"{counts[0]} for each value"


def is_accuracy(row: Row) -> bool:
    """Whether a row's values are fractions, to be shown in percent."""
    return "accuracy" in row.quantity


def quantity(row: Row) -> str:
    """What a row's values are, with their unit."""
    return f"{row.quantity} (%)" if is_accuracy(row) else row.quantity


def value(number: float, row: Row) -> str:
    """A value of the row in its unit."""
    return f"{100 * number:.2f}" if is_accuracy(row) else f"{number:.4f}"


def inside(rows: list[Row]) -> str:
    """How many published values lie inside their interval: "3 of 4 inside"."""
    compared = [row.inside for row in rows if row.inside is not None]
    return f"{sum(compared)} of {len(compared)} inside" if compared else "not compared"


def interval_strip(row: Row) -> Markup:
    """A small picture of the row: our interval as a bar, our mean as a tick, the published value as a diamond.

    It repeats the numbers beside it and is hidden from screen readers.
    """
    spread, whole = row.high - row.low, 60
    # Runs that all agree have an interval without a width; any other value is far from it.
    left, width = (30, whole) if spread else (60, 0)

    def at(number: float) -> float:
        position = left + whole * (number - row.low) / (spread or 1e-4)
        return round(min(max(position, 5), 115), 1)

    x = at(row.published)
    return Markup(
        '<svg class="strip {}" width="120" height="14" viewBox="0 0 120 14" aria-hidden="true">'
        '<path class="axis" d="M0 7H120"/><path class="bar" d="M{} 7h{}"/><path class="mean" d="M{} 2v10"/>'
        '<path class="published" d="M{} 2l5 5-5 5-5-5z"/></svg>'
    ).format("outside" if row.inside is False else "inside", left, width, at(row.mean), x)
