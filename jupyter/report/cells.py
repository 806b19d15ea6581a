"""A notebook's cells as HTML: text, mathematics as MathML, code and outputs."""

import html
import re
from collections import Counter
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from jinja2 import pass_context
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from report.results import PageError, Results

TEMPLATE = Path(__file__).with_name("template")
# Environments that are formulas by themselves; docutils sets the lines inside as `aligned`.
DISPLAY_ENVIRONMENTS = {"align", "align*", "equation", "equation*"}
# Browsers stretch these everywhere, LaTeX only after `\left` and `\right`.
FENCES = set("⟨⟩‖|⌊⌋⌈⌉")
# The space in "60 000" and "95 %", at which no line may end.
NUMBER_SPACE = re.compile(r"(?<=\d) (?=\d{3}\b|%)")
# The text of HTML outside its tags.
TEXT = re.compile(r"(?:^|>)[^<]*")
# A piece of code that has a class, and the classes to which the style gives a colour.
PIECE = re.compile(r'<span class="(\w+)">([^<]*)</span>')
COLOURED = set(re.findall(r"\.highlight \.(\w+)", (TEMPLATE / "page.css").read_text()))


def cells(results: Results) -> Markup:
    """A notebook's cells as HTML. Raises PageError for a formula that cannot be shown."""
    try:
        return Markup(Exporter().from_notebook_node(results.notebook)[0])
    except PageError as error:
        raise PageError(f"{results.name}.ipynb: {error}") from error


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
        folders = [str(TEMPLATE.parent)]
        super().__init__(template_name=TEMPLATE.name, template_file="notebook.html.j2", extra_template_basedirs=folders)
        self.anchors = Counter()
        self.register_filter("coloured", coloured)
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
    """MathML with three corrections: primes, upright capital Greek letters, and fences that do not stretch unasked."""
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


def coloured(code: str) -> Markup:
    """Highlighted code with elements only around what has a colour: three in four have none."""
    return Markup(PIECE.sub(lambda piece: piece[0] if piece[1] in COLOURED else piece[2], code))


def plain(markup: str) -> str:
    """The text of some HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).strip()
