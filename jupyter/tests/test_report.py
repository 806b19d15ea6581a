"""The report's pages, the checks on them, and when they are made again."""

import base64
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat.v4 as v4
import pytest
from bs4 import BeautifulSoup

from report import audit, benchmark, build, cells, checks, execute, glossary, pages, results, wire
from test_red import make_report

HERE = Path(__file__).parent
MNIST = {
    "hinge": "0.1.0",
    "libtorch": "2.13.0",
    "quick": False,
    "judged": True,
    "data": {"kind": "mnist", "description": "MNIST"},
}
SYNTHETIC = MNIST | {"judged": False, "data": {"kind": "synthetic", "description": "synthetic digits"}}
RUN = {
    "kernel": "evcxr_jupyter 0.22.0",
    "date": "2026-01-02",
    "seconds": 1.5,
    "rustc": "1.95.0",
    "python": "3.12.0",
    "machine": "a machine, 2 cores",
}
ROW = {
    "quantity": "test accuracy",
    "setting": "weight decay 0.1",
    "source": "report",
    "epoch": 100,
    "published": 0.796,
    "mean": 0.785,
    "sd": 0.017,
    "low": 0.749,
    "high": 0.821,
    "inside": True,
    "seeds": 20,
}
CLAIMS = {
    "claims": [
        {"sentence": "a", "figure": "1", "required": "1", "verdict": verdict}
        for verdict in ("holds", "holds", "fails", "not confirmed", "not checked")
    ]
}
FIGURE = '<figure><img alt="Falling curves" src="data:image/png;base64,AA=="><figcaption>Loss</figcaption></figure>'


def shows(source: str = "x", **data):
    """A code cell whose result has these MIME types; `html` means text/html."""
    names = {"html": "text/html", "text": "text/plain"} | {
        kind.__name__.lower(): wire.mime(kind) for kind in wire.MESSAGES
    }
    output = v4.new_output("execute_result", data={names[key]: value for key, value in data.items()})
    return v4.new_code_cell(source, outputs=[output])


def defects(*numbers: int, **changes):
    """A cell that shows the defects with these numbers."""
    entry = {"title": "Never trained", "evidence": "It stays at 8.5 %."} | changes
    return shows(html="<p>shown</p>", defects={"defects": [{"number": number} | entry for number in numbers]})


def conclusions(*verdicts: str, **changes):
    """A cell that shows conclusions with these verdicts."""
    entry = {"part": "2c", "statement": "It is worse", "evidence": "By 0.1 points."} | changes
    return shows(html="<p>shown</p>", conclusions={"conclusions": [entry | {"verdict": each} for each in verdicts]})


def answers(*verdicts: str, **changes):
    """A cell that shows an answer for each verdict on the original's."""
    entry = {
        "part": "1b",
        "question": "Is it better?",
        "answer": "It is, by three points.",
        "quantity": "gain in test accuracy",
        "mean": "+3.0 points",
        "interval": "+2.0 points to +4.0 points",
        "seeds": 20,
        "evidence": "No run was repeated.",
    } | changes
    given = [entry | {"original": "It is", "verdict": verdict} for verdict in verdicts]
    return shows(html="<p>shown</p>", answers={"answers": given})


def published(*rows: dict, part: str = "1c"):
    """A cell that compares published values."""
    return shows(html="t", comparison={"part": part, "rows": list(rows)})


def texts(found) -> list[str]:
    """What a reader sees of each tag."""
    return [" ".join(tag.get_text().split()) for tag in found]


@pytest.fixture
def read(tmp_path):
    """The results of a notebook with a session and these cells; texts are Markdown cells."""

    def of(*cells, session=MNIST, name="1-svm"):
        cells = [v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        book = v4.new_notebook(cells=[shows(html="<p>ready</p>", session=session), *cells], metadata={"run": RUN})
        for number, cell in enumerate(execute.code_cells(book), 1):
            cell.execution_count = number
        execute.write(book, tmp_path / f"{name}.ipynb")
        return results.read(tmp_path / f"{name}.ipynb")

    return of


@pytest.fixture
def page(read):
    """The page of such a notebook, parsed."""

    def of(*cells, **options):
        found = read(*cells, **options)
        return BeautifulSoup(pages.notebook_page(found, [found]), "html.parser")

    return of


@pytest.fixture
def index(read):
    """The index over one such notebook, parsed."""

    def of(*cells, **options):
        return BeautifulSoup(pages.index_page([read(*cells, **options)], "0"), "html.parser")

    return of


@pytest.fixture
def faults(tmp_path):
    """The faults of a page with this in its body."""

    def of(body: str) -> list[str]:
        folder = tmp_path / "pages"
        folder.mkdir()
        (folder / "a.html").write_text(f'<html lang="en"><body id="top">{body}</body></html>')
        return checks.faults(folder)

    return of


def output(content: str, kind: str = "") -> str:
    """The HTML of a code cell with one output."""
    return f'<div class="cell" data-number="3"><div class="output {kind}">{content}</div></div>'


class TestNotebookPage:
    def test_the_title_is_the_first_heading(self, page):
        assert page("# Task 1: a *linear* SVM").title.string == "Task 1: a linear SVM"

    def test_the_language_is_given(self, page):
        assert page().html["lang"] == "en"

    def test_headings_are_linked_from_the_contents(self, page):
        made = page("## Part a", "## Part b")
        assert [link["href"] for link in made.select(".contents a")] == ["#Part-a", "#Part-b"]

    def test_equal_headings_have_different_anchors(self, page):
        made = page("## Answer", "## Answer", "## Answer")
        assert len({heading["id"] for heading in made.find_all("h2", id=True)}) == 3

    def test_code_is_folded_and_complete(self, page):
        made = page(shows("let a = 1;\na < 2", html="<p>true</p>"))
        folded = made.select("details.code")[-1]
        assert not folded.has_attr("open")
        assert folded.pre.get_text().strip() == "let a = 1;\na < 2"

    def test_code_cells_have_anchors_with_their_numbers(self, page):
        made = page(shows(html="a"), "text", shows(html="b"))
        assert [cell["id"] for cell in made.select(".cell")] == ["cell-1", "cell-2", "cell-3"]

    def test_figures_keep_text_and_caption(self, page):
        figure = page(shows(html=FIGURE)).figure
        assert (figure.img["alt"], figure.figcaption.string) == ("Falling curves", "Loss")

    def test_printed_lines_are_escaped(self, page):
        cell = v4.new_code_cell("x", outputs=[v4.new_output("stream", name="stdout", text="<b>1 & 2</b>\n")])
        assert page(cell).select_one(".stream").get_text().strip() == "<b>1 & 2</b>"

    def test_a_session_is_escaped(self, page):
        session = MNIST | {"data": {"kind": "own", "description": "<script>alert(1)</script>"}}
        assert "<script>alert" in page(session=session).footer.get_text()

    def test_columns_of_tables_are_headed_as_such(self, page):
        made = page("| | a |\n|---|---|\n| b | c |").select_one(".prose tr")
        assert [(cell.name, cell.get("scope")) for cell in made.select("td, th")] == [("td", None), ("th", "col")]

    def test_numbers_do_not_break_over_lines(self, page):
        made = page("## Of 60 000\n\nA 2 of 10 000 or 5 % and 3 runs, `1 000`")
        assert made.select_one(".prose h2")["id"] == "Of-60-000"
        assert made.select_one(".prose p").get_text().replace("\xa0", "~") == "A 2 of 10~000 or 5~% and 3 runs, 1 000"

    def test_numbers_in_outputs_do_not_break_over_lines(self, page):
        made = page(shows(html='<p title="8 % of 10 000">8 % of 10 000 <b>5 %</b></p>')).select(".output p")[-1]
        assert (made["title"], made.get_text().replace("\xa0", "~")) == ("8 % of 10 000", "8~% of 10~000 5~%")

    def test_links_between_notebooks_lead_to_pages(self, page):
        made = page("[next](2-logistic.ipynb#Part-a), [data](../data/README.md)")
        assert [a["href"] for a in made.select(".prose a")] == ["2-logistic.html#Part-a", "../data/README.md"]

    def test_other_notebooks_are_linked(self, read):
        both = [read("# One", name="1-one"), read("# Two", name="2-two")]
        made = BeautifulSoup(pages.notebook_page(both[0], both), "html.parser")
        links = [(a["href"], a.get_text()) for a in made.select("header a")]
        assert links == [("index.html", "Report"), ("1-one.html", "One"), ("2-two.html", "Two"), ("try.html", "Try it")]

    def test_results_on_mnist_have_no_banner(self, page):
        assert page().select(".warning") == []

    def test_results_on_synthetic_digits_say_so(self, page):
        banner = page(session=SYNTHETIC).select_one(".warning").get_text()
        assert "These results are on synthetic digits, not on MNIST." in banner

    def test_results_on_own_images_say_so(self, page):
        banner = page(session=MNIST | {"data": {"kind": "own", "description": "mine"}}).select_one(".warning")
        assert "These results are on mine, not on MNIST." in banner.get_text()

    def test_a_quick_run_says_so(self, page):
        assert "quick run" in page(session=MNIST | {"quick": True}).select_one(".warning").get_text()

    def test_everything_is_inside_the_page(self, page, faults):
        assert faults(str(page("# T", "$x$", shows(html=FIGURE)).main)) == []


class TestMathematics:
    def test_inline_formulas_become_mathml(self, page):
        assert page(r"a loss $\ell(s, y)$ of").main.math.get_text(strip=True) == "ℓ(s,y)"

    def test_displayed_formulas_become_mathml(self, page):
        assert page("$$\\sum_{i=1}^m x_i$$").select_one(".formula math")["display"] == "block"

    @pytest.mark.parametrize("environment", ["aligned", "align", "align*"])
    def test_aligned_lines_are_rows_of_two_columns(self, page, environment):
        tex = rf"\begin{{{environment}}} a &= b \\ c &= d \end{{{environment}}}"
        made = page(f"$${tex}$$" if environment == "aligned" else tex)
        rows = made.select("mtable.ams-align > mtr")
        assert [len(row.find_all("mtd")) for row in rows] == [2, 2]

    def test_norms_do_not_grow_by_themselves(self):
        assert cells.mathml(r"\lambda \lVert w \rVert^2", as_block=False).count('stretchy="false">‖') == 2

    def test_fences_after_left_and_right_grow(self):
        assert 'stretchy="false"' not in cells.mathml(r"\left\langle \frac{a}{b} \right\rangle", as_block=True)

    def test_primes_are_primes(self):
        assert "<mo>′</mo>" in cells.mathml("y'", as_block=False)

    def test_an_unknown_command_is_named_with_its_notebook(self, page):
        with pytest.raises(results.PageError, match=r'1-svm.ipynb: `\\nonsense x`: .*"\\nonsense"'):
            page(r"$\nonsense x$")

    def test_a_command_that_would_show_wrongly_is_refused(self):
        with pytest.raises(results.PageError, match="arg"):
            cells.mathml(r"\operatorname*{argmax}_y s_y", as_block=False)


class TestIndex:
    def test_accuracies_are_in_percent_and_say_so(self, index):
        cells = [
            cell.get_text()
            for cell in index(shows(html="t", comparison={"part": "1c", "rows": [ROW]})).select(
                ".glance tbody tr:nth-child(3) > *"
            )
        ]
        assert cells[:5] == ["test accuracy (%)", "79.60", "78.50 ± 1.70", "74.90 to 82.10", "20"]

    def test_losses_are_as_they_are(self, index):
        row = ROW | {"quantity": "test loss", "published": 0.165}
        made = index(shows(html="t", comparison={"part": "1c", "rows": [row]}))
        assert [cell.get_text() for cell in made.select(".glance tbody tr:nth-child(3) > *")][:2] == [
            "test loss",
            "0.1650",
        ]

    def test_values_are_counted_by_part(self, index):
        rows = [ROW, ROW | {"inside": False}, ROW]
        made = index(shows(html="t", comparison={"part": "1c", "rows": rows}))
        assert made.select_one(".glance th[scope=rowgroup]").get_text() == "Task 1, part c: 2 of 3 inside"

    def test_values_of_a_part_without_a_letter_are_a_task(self, index):
        assert texts(index(published(ROW, part="4")).select(".glance th[scope=rowgroup]:not(.run)")) == [
            "Task 4: 1 of 1 inside"
        ]

    def test_values_of_a_run_stand_under_its_setting(self, index):
        made = index(published(ROW, ROW | {"quantity": "test loss"}, ROW | {"setting": "weight decay 1"}))
        assert texts(made.select(".glance tbody th"))[1:] == [
            "weight decay 0.1 report, epoch 100",
            "test accuracy (%)",
            "test loss",
            "weight decay 1 report, epoch 100",
            "test accuracy (%)",
        ]

    def test_values_of_earlier_epochs_are_folded_and_counted(self, index):
        made = index(published(ROW, ROW | {"epoch": 20}, ROW | {"epoch": 40, "inside": False}))
        assert texts(made.select(".glance details:not([open]) > summary")) == [
            "Task 1, part c, 2 values of earlier epochs: 1 of 2 inside"
        ]

    def test_values_of_earlier_epochs_are_only_where_they_are_folded(self, index):
        made = index(published(ROW, ROW | {"epoch": 20}))
        assert texts(made.select(".glance details tbody th small")) == ["report, epoch 20"]

    def test_values_of_the_last_epoch_are_open(self, index):
        made = index(published(ROW, ROW | {"epoch": 20}))
        made.select_one(".glance details").decompose()
        assert texts(made.select(".glance tbody th small")) == ["report, epoch 100"]

    def test_values_of_one_epoch_are_not_folded(self, index):
        assert index(published(ROW)).select(".glance details") == []

    @pytest.mark.parametrize("value, place", [(1.0, 60), (0.99, 5)])
    def test_an_interval_without_a_width_is_a_line_on_which_only_its_value_lies(self, index, value, place):
        agreeing = ROW | {"mean": 1.0, "sd": 0.0, "low": 1.0, "high": 1.0, "published": value}
        signs = index(published(agreeing)).select(".strip :is(.mean, .published)")
        assert [float(sign["d"][1:].split()[0]) for sign in signs] == [60, place]

    def test_values_are_not_compared_with_synthetic_digits(self, index):
        made = index(published(ROW | {"inside": None}), session=SYNTHETIC)
        assert made.select(".glance tbody td")[-1].get_text() == "not compared"

    def test_claims_are_counted_by_verdict(self, index):
        counts = [cell.get_text() for cell in index(shows(html="t", claims=CLAIMS)).select("td.number")]
        assert counts[:4] == ["2", "1", "1", "1"]

    def test_claims_of_several_notebooks_are_added_up(self, read):
        both = [read(shows(html="t", claims=CLAIMS), name=name) for name in ("1-one", "2-two")]
        made = BeautifulSoup(pages.index_page(both, "0"), "html.parser")
        assert texts(made.select("tfoot td"))[:4] == ["4", "2", "2", "2"]

    def test_notebooks_are_linked_by_title(self, index):
        link = index("# Task 1").select_one("#notebooks ~ .wide tbody th a")
        assert (link["href"], link.get_text()) == ("1-svm.html", "Task 1")

    def test_it_says_what_was_run(self, index):
        facts = index(shows(html="t", comparison={"part": "1c", "rows": [ROW]})).dl.get_text()
        assert all(fact in facts for fact in ("MNIST", "20 for each value", "0.1.0", "2.13.0"))

    def test_synthetic_digits_are_announced(self, index):
        assert "synthetic digits" in index(session=SYNTHETIC).select_one(".warning").get_text()


class TestCover:
    """What a reader learns before the tasks."""

    def test_an_answer_has_its_figure_with_interval_and_seeds_and_a_link_to_its_cell(self, index):
        row = index("# Task 1: one", answers("supported")).select(".answers tbody tr")[1]
        assert texts(row.select("td"))[0] == (
            "It is, by three points. Gain in test accuracy: +3.0 points (+2.0 points to +4.0 points, 20 seeds)"
        )
        assert [link["href"] for link in row.select("a:not(.term)")] == ["#1-svm/cell-2"]

    @pytest.mark.parametrize("verdict", wire.values(wire.Answer, "verdict"))
    def test_the_original_s_answer_has_a_verdict_with_a_colour_of_its_own(self, index, verdict):
        cell = index(answers(verdict)).select(".answers td")[1]
        style = (cells.TEMPLATE / "page.css").read_text()
        assert texts(cell.select(".verdict")) == [verdict]
        assert f".verdict.{cell.select_one('.verdict')['class'][1]} {{ color:" in style

    def test_the_verdicts_on_the_original_are_counted(self, index):
        verdicts = ("reversed", "supported", "reversed", "not testable", "not supported")
        assert texts(index(answers(*verdicts)).select("#answers + p")) == [
            "Of 5 answers of the original: 1 supported, 1 not supported, 2 reversed, 1 not testable."
        ]

    def test_an_answer_that_is_not_testable_says_why(self, index):
        shown = [texts(index(answers(verdict)).select(".answers td"))[1] for verdict in ("not testable", "reversed")]
        assert shown == ["It is not testable No run was repeated.", "It is reversed"]

    def test_all_five_tasks_are_there_and_one_without_a_notebook_says_so(self, index):
        made = index("# Task 1: one", answers("supported"))
        assert texts(made.select(".answers .task")) == ["Task 1: one", "Task 2", "Task 3", "Task 4", "Task 5"]
        assert texts(made.select(".answers .missing")) == 4 * [
            "This report does not have the task: there is no notebook of it."
        ]

    def test_a_notebook_whose_outputs_hold_no_answers_says_so(self, index):
        assert texts(index("# Task 1").select(".answers .missing"))[0] == (
            "The outputs of its notebook hold no answers; make report executes it again."
        )

    def test_the_figure_over_all_models_is_that_of_the_cell_with_the_tag(self, index):
        cell = shows(html=FIGURE)
        cell.metadata["tags"] = [results.OVERVIEW]
        assert index(cell).select_one("#overview + .output img")["alt"] == "Falling curves"

    def test_a_report_without_that_figure_says_so(self, index):
        assert "There is no figure over all models" in texts(index().select("#overview + p"))[0]

    def test_the_page_to_try_the_models_is_linked(self, index):
        assert len(index().select('.cover a[href="try.html"]')) == 1

    def test_what_notebooks_answer_is_escaped(self, index):
        assert "<b>a & b</b>" in texts(index(answers("supported", question="<b>a & b</b>")).select(".answers tbody th"))

    def test_it_comes_first(self, index):
        assert "cover" in index("# Task 1").select_one("main > section")["class"]


class TestGlossary:
    def test_it_has_twelve_terms_and_each_pattern_finds_its_own(self, index):
        entries = index().select(".glossary dt[id]")
        assert len(entries) == 12
        assert all(glossary.terms()[entry["id"]].search(entry.get_text()) for entry in entries)

    def test_the_first_use_of_a_term_is_linked_and_no_other(self, index):
        made = index("# Margins", "The margin, `the seed`, a seed, then a margin.")
        linked = made.select(".prose .term")
        assert [(link["href"], link.get_text()) for link in linked] == [
            ("#term-margin", "margin"),
            ("#term-seed", "seed"),
        ]

    def test_on_other_pages_it_leads_to_the_report(self, page):
        assert page("A margin.").select_one(".term")["href"] == "index.html#term-margin"

    def test_every_link_leads_to_an_entry(self, index):
        made = index("Holm's correction, HOG features and support vectors, but no support vector machines.")
        assert all(made.find(id=link["href"][1:]) for link in made.select(".term"))
        assert texts(made.select(".term")) == ["Holm's", "HOG features", "support vectors"]


class TestNumbers:
    """The counts at the head of the audit."""

    @pytest.fixture
    def lines(self, index):
        """The counts of one such notebook."""
        return lambda *cells, **options: texts(index(*cells, **options).select(".findings li"))

    def test_published_values_are_counted_inside_and_outside(self, lines):
        assert lines(published(ROW, ROW | {"inside": False}, ROW))[0] == (
            "2 of 3 published values lie inside the prediction interval of our runs over seeds, 1 outside."
        )

    def test_published_values_are_not_compared_with_other_images(self, lines):
        assert lines(published(ROW | {"inside": None}), session=SYNTHETIC)[0] == (
            "0 of 1 published values are compared: only a full run on MNIST can be."
        )

    def test_conclusions_are_counted_by_verdict(self, lines):
        assert lines(conclusions("supported", "reversed", "not supported", "supported"))[0] == (
            "2 of 4 conclusions of the original are supported, 1 not supported, 1 reversed."
        )

    def test_defects_are_counted(self, lines):
        assert lines(defects(1, 3)) == ["2 of 9 defects of the original are shown where they happen."]

    def test_claims_are_counted_over_the_tasks(self, read):
        both = [read(shows(html="t", claims=CLAIMS), name=name) for name in ("1-one", "2-two")]
        made = BeautifulSoup(pages.index_page(both, "0"), "html.parser")
        assert texts(made.select(".findings li"))[-1] == (
            "4 of 10 claims of our answers hold, 2 fail, 2 were not confirmed on fresh seeds, 2 are not checked."
        )

    def test_there_are_four_lines_and_each_leads_to_what_it_counts(self, index):
        made = index(published(ROW), conclusions("reversed"), defects(1), shows(html="t", claims=CLAIMS))
        links = [link["href"] for link in made.select(".findings a")]
        assert len(links) == 4
        assert all(made.find(id=link[1:]) for link in links)


class TestDocument:
    """The report as one page, read from top to bottom."""

    @pytest.fixture
    def document(self, read):
        """The page over notebooks with these names and cells, parsed."""

        def of(**cells) -> BeautifulSoup:
            books = [read(*cells[name], name=name.replace("_", "-").strip("-")) for name in cells]
            return BeautifulSoup(pages.index_page(books, "0"), "html.parser")

        return of

    @pytest.fixture
    def whole(self, document):
        """Two tasks and a notebook that is none."""
        return document(
            _1_one=["# Task 1: one", "## Answer", shows("let a = 1;", html=FIGURE), published(ROW)],
            _2_two=["# Task 2: two", "## Answer", "Unlike [one](1-one.ipynb#Answer), [own](own.ipynb), [up](#Answer)."],
            own=["# Your own experiment", shows(html="<p>mine</p>", claims=CLAIMS), defects(1)],
        )

    def test_it_has_cover_tasks_audit_and_appendix_in_this_order(self, whole):
        assert texts(whole.select("main h2")) == [
            "The answers",
            "All models at a glance",
            "What was run",
            "Task 1: one#",
            "Task 2: two#",
            "What the original got wrong",
            "Glossary",
            "Appendix: settings and versions",
            "Try it yourself",
        ]

    def test_the_contents_list_what_is_in_it_in_its_order(self, whole):
        links = [link["href"][1:] for link in whole.select(".contents a")]
        assert links == [heading["id"] for heading in whole.select("main h2, main h3")]

    def test_the_contents_name_tasks_and_parts(self, whole):
        assert texts(whole.select(".contents a"))[3:5] == ["Task 1: one", "Answer"]

    def test_it_has_one_title_and_no_level_of_headings_is_left_out(self, whole):
        levels = [int(heading.name[1]) for heading in whole.find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))

    def test_ids_are_unique(self, whole):
        ids = [tag["id"] for tag in whole.find_all(id=True)]
        assert len(ids) == len(set(ids))
        assert {"1-one/cell-2", "2-two/Answer"} <= set(ids)

    def test_links_between_tasks_stay_in_it_and_others_lead_to_pages(self, whole):
        paragraph = whole.find(string=re.compile("Unlike")).parent
        assert [link["href"] for link in paragraph.find_all("a")] == ["#1-one/Answer", "own.html", "#2-two/Answer"]

    def test_each_task_leads_to_its_page_and_its_notebook(self, whole):
        links = [link["href"] for link in whole.select(".part .source a")]
        assert links == ["1-one.html", "notebooks/1-one.ipynb", "2-two.html", "notebooks/2-two.ipynb"]

    def test_code_is_folded_behind_its_output(self, whole):
        cell = whole.find(id="1-one/cell-2")
        (code,) = cell.select("details.code:not([open]) > .highlight")
        assert texts([code]) == ["let a = 1;"]
        assert texts(code.select("span[class]")) == ["1"]  # only what has a colour is an element
        assert cell.select_one(".output figure img")["alt"] == "Falling curves"

    def test_formulas_are_mathematics(self, document):
        assert document(_1_one=["# Task 1", "$x$"]).select_one("main math").get_text(strip=True) == "x"

    def test_a_notebook_that_is_no_task_is_only_linked(self, whole):
        assert [link["href"] for link in whole.select("#try ~ ul a")] == ["own.html", "notebooks/own.ipynb"]
        assert whole.find(string="mine") is None

    def test_a_notebook_that_is_no_task_counts_for_nothing(self, whole):
        assert texts(whole.select(".findings li"))[-1] == "0 of 9 defects of the original are shown where they happen."

    def test_without_such_a_notebook_there_is_nothing_to_try(self, document):
        assert document(_1_one=["# Task 1"]).find(id="try") is None

    def test_settings_are_listed_by_part(self, whole):
        cells = whole.select("#settings ~ .wide tbody tr > *")
        assert texts(cells) == ["Task 1, part c", "weight decay 0.1", "20", "100"]

    def test_faults_name_the_cell_and_its_notebook(self, read, tmp_path):
        one = read("# Task 1", shows(html=" "), name="1-one")
        (tmp_path / "index.html").write_text(pages.index_page([one], "0"))
        assert "index.html: code cell 2 of 1-one has an empty output" in checks.faults(tmp_path)


class TestAudit:
    def test_defects_are_in_the_order_of_their_numbers(self, index):
        made = index(defects(7, 2), defects(1))
        assert texts(made.select("#defects ~ .wide .audit")[0].select("td.number")) == ["1", "2", "7"]

    def test_a_defect_has_title_evidence_and_a_link_to_its_cell(self, index):
        row = index("# Task 2", shows(html="t"), defects(1)).select_one(".audit:not(.answers) tbody tr")
        assert texts(row.find_all(["th", "td"])) == ["1", "Never trained", "It stays at 8.5 %.", "Task 2, cell 3"]

    def test_links_lead_to_the_notebooks_that_show_it(self, read):
        both = [
            read(defects(2), name="1-one"),
            read(shows(html="t"), defects(1), conclusions("reversed"), name="2-two"),
        ]
        made = BeautifulSoup(pages.index_page(both, "0"), "html.parser")
        assert [link["href"] for link in made.select(".audit:not(.answers) a")] == [
            "#2-two/cell-3",
            "#1-one/cell-2",
            "#2-two/cell-4",
        ]

    def test_links_lead_to_the_cell_that_shows_it(self, read):
        one = read(shows(html="t"), defects(1), shows(html="t"))
        made = BeautifulSoup(pages.index_page([one], "0"), "html.parser")
        assert texts(made.find(id=made.select_one(".audit:not(.answers) a")["href"][1:]).select(".output")) == ["shown"]

    def test_a_link_to_a_cell_that_is_not_there_is_a_fault(self, read, tmp_path):
        one = read(defects(1))
        (tmp_path / "index.html").write_text(pages.index_page([one], "0").replace('id="1-svm/cell-2"', ""))
        assert "index.html: the link to #1-svm/cell-2 leads to no section" in checks.faults(tmp_path)

    def test_missing_defects_are_named(self, index):
        line = texts(index(defects(1, 2, 4, 5, 6, 9)).select("#defects + p"))
        assert line == [
            "The notebooks of this report show 6 of the original's 9 defects so far; not shown are numbers 3, 7, 8."
        ]

    def test_nothing_is_missing_when_all_nine_are_shown(self, index):
        line = texts(index(defects(*range(1, 10))).select("#defects + p"))
        assert line == ["The notebooks of this report show 9 of the original's 9 defects."]

    def test_a_report_that_shows_no_defects_says_so(self, index):
        assert "show 0 of the original's 9 defects" in texts(index().select("#defects + p"))[0]

    def test_a_defect_shown_twice_is_refused_with_both_places(self, read):
        both = [read(defects(1), name="1-one"), read(shows(html="t"), defects(1), name="2-two")]
        with pytest.raises(
            results.PageError, match=r"2-two.ipynb, code cell 3: .* already by 1-one.ipynb, code cell 2"
        ):
            pages.index_page(both, "0")

    @pytest.mark.parametrize("number", [0, 10, "1"])
    def test_a_number_that_is_none_of_the_nine_is_refused(self, index, number):
        with pytest.raises(results.PageError, match=f"expected a number among 1, 2, .* 9, found {number}"):
            index(defects(number))

    def test_an_unknown_field_is_refused(self, index):
        with pytest.raises(
            results.PageError,
            match=r"code cell 2: expected the fields evidence, number, title of a defect, found .*proof",
        ):
            index(defects(1, proof="p"))

    def test_a_missing_field_is_refused(self, index):
        cell = shows(html="t", defects={"defects": [{"number": 1, "title": "t"}]})
        with pytest.raises(
            results.PageError, match=r"expected the fields evidence, number, title .*, found number, title"
        ):
            index(cell)

    def test_conclusions_are_in_the_order_of_their_parts(self, index):
        made = index(conclusions("supported", part="4"), conclusions("reversed", part="2c"))
        assert texts(made.select(".audit:not(.answers) tbody td:first-child")) == ["Task 2, part c", "Task 4"]

    def test_a_conclusion_has_statement_verdict_evidence_and_a_link_to_its_cell(self, index):
        row = index("# Task 2", conclusions("reversed")).select_one(".audit:not(.answers) tbody tr")
        assert texts(row.find_all(["th", "td"])) == [
            "Task 2, part c",
            "It is worse",
            "reversed",
            "By 0.1 points.",
            "Task 2, cell 2",
        ]

    @pytest.mark.parametrize("verdict", audit.VERDICTS)
    def test_each_verdict_is_a_text_with_a_colour_of_its_own(self, index, verdict):
        shown = index(conclusions(verdict)).select_one(".verdict")
        style = (cells.TEMPLATE / "page.css").read_text()
        assert shown.get_text() == verdict
        assert f".verdict.{shown['class'][1]} {{ color:" in style

    def test_conclusions_are_counted_by_verdict(self, index):
        line = texts(index(conclusions("reversed", "supported", "supported")).select("#conclusions + p"))
        assert line == ["Of 3 conclusions: 2 supported, 1 reversed."]

    def test_conclusions_that_are_not_checked_say_what_they_need(self, index):
        made = index(conclusions("not checked"), session=SYNTHETIC)
        assert "Conclusions are checked only against full runs on MNIST." in texts(made.select("p"))

    def test_an_unknown_verdict_is_refused(self, index):
        with pytest.raises(
            results.PageError, match=r"code cell 2: expected a verdict among supported, .*, found doubtful"
        ):
            index(conclusions("doubtful"))

    def test_a_report_without_conclusions_says_so(self, index):
        assert texts(index().select("#conclusions + p")) == ["No notebook judges a conclusion of the original."]

    @pytest.mark.parametrize(
        "cell",
        [
            defects(1, title="<b>a & b</b>"),
            defects(1, evidence="<b>a & b</b>"),
            conclusions("reversed", statement="<b>a & b</b>"),
            conclusions("reversed", evidence="<b>a & b</b>"),
            conclusions("reversed", part="<b>a & b</b>"),
        ],
    )
    def test_what_notebooks_say_is_escaped(self, index, cell):
        assert "<b>a & b</b>" in texts(index(cell).select(".audit tbody th, .audit tbody td"))


SECONDS = {"ours": [2.0, 1.0, 9.0], "in_memory": [5.0, 6.0, 7.0], "original": [30.0, 9.0, 20.0]}
WORK = [
    {
        "name": "hidden",
        "title": "Hidden layer",
        "group": "The report's protocol",
        "train": 150,
        "epochs": 100,
        "seeds": 1,
        "seconds": SECONDS,
        "flops": 100e9,
        "bytes": 1e9,
        "memory": {"ours": 300e6, "in_memory": 700e6},
        "gaps": {},
        "took": 60.0,
    },
    {
        "name": "exact-linear-1000",
        "title": "Exact linear SVM",
        "group": "Exact SVMs",
        "train": 1000,
        "epochs": 0,
        "seeds": 1,
        "seconds": {"ours": [0.004], "in_memory": [0.01]},
        "flops": None,
        "bytes": None,
        "memory": {},
        "gaps": {"in_memory": 0.001},
        "took": 1.0,
    },
]
MEASURED = {
    "date": "2026-01-02",
    "machine": "a machine, 2 cores",
    "data": "MNIST",
    "is_mnist": True,
    "times": 3,
    "busy": 0.02,
    "peak": {"flops": 100e9, "bytes": 10e9},
    "starts": {"ours": {"ready": 0.5, "first_epoch": 0.75}},
    "versions": {"torch": "2.13.0"},
    "threads": {"ours": 2, "in_memory": 2},
    "sides": {"ours": "ours", "in_memory": "PyTorch in memory", "original": "original's code"},
    "workloads": WORK,
}


@pytest.fixture
def measured(tmp_path):
    """The benchmark's results in a file with these changes."""

    def of(**changes) -> benchmark.Benchmark:
        (tmp_path / "results.json").write_text(json.dumps(MEASURED | changes))
        (tmp_path / "results.svg").write_text("<svg>drawn by the crate</svg>")
        return benchmark.read(tmp_path / "results.json")

    return of


@pytest.fixture
def speed(measured, read):
    """The page on such results, parsed."""

    def of(**changes):
        return BeautifulSoup(pages.benchmark_page(measured(**changes), [read()]), "html.parser")

    return of


class TestBenchmark:
    def test_every_piece_of_work_is_shown_with_its_size(self, speed):
        assert texts(speed().table.select("tbody th")) == [
            "Hidden layer 150 images, 100 epochs",
            "Exact linear SVM 1 000 images",
        ]

    def test_times_are_medians_with_their_range_and_the_ratio_to_ours(self, speed):
        cells = texts(speed().table.select("tbody tr:first-child td"))[:3]
        assert cells == ["2 s 1–9", "6 s 5–7 3 ×", "20 s 9–30 10 ×"]

    def test_the_share_of_the_peak_is_the_shortest_possible_time_by_ours(self, speed):
        """100 GFLOP at 100 GFLOP/s take 1 s of our 2 s; 30 GB at 10 GB/s take 3 s."""
        assert texts(speed().table.select("tbody tr:first-child td"))[-2:] == ["100", "50 %"]
        traffic = speed(workloads=[WORK[0] | {"bytes": 30e9}])
        assert texts(traffic.table.select("tbody td"))[-1] == "150 %"

    def test_what_is_not_known_is_a_dash(self, speed):
        cells = texts(speed().table.select("tbody tr:last-child td"))
        assert cells == ["4 ms", "10 ms 2.5 × gap 0.001", "–", "–", "–"]
        unknown = speed(peak=None, starts={})
        assert "Share of peak" in texts(speed().table.select("th"))
        assert "Share of peak" not in unknown.table.text
        assert unknown.select("#memory") == []

    def test_memory_is_in_megabytes_and_starts_are_in_seconds(self, speed):
        rows = [texts(row.select("td")) for row in speed().select("table")[1].select("tbody tr")]
        assert rows == [["300", "700", "–"], ["–", "–", "–"], ["0.5", "–", "–"], ["0.75", "–", "–"]]

    def test_every_side_of_the_benchmark_has_what_differs_said(self):
        named = json.loads((HERE.parents[1] / "bench" / "results.json").read_text())["sides"]
        assert set(named) <= set(benchmark.DIFFERENCES)

    def test_the_figure_has_its_numbers_as_alternative_text(self, speed):
        assert speed().figure.img["alt"] == (
            "How many times faster this crate is than others, on a logarithmic axis. Hidden layer, 150 images, "
            "100 epochs: PyTorch in memory 3, original's code 10. "
            "Exact linear SVM, 1\N{NO-BREAK SPACE}000 images: PyTorch in memory 2.5."
        )

    def test_readmes_table_is_replaced_and_the_rest_stays(self, measured):
        readme = "| a |\n## Speed\nText:\n\n| old |\n|---|\n| 1 |\n\n## Next\n| b |\n"
        changed = benchmark.with_table(readme, measured(workloads=WORK[:1]))
        table = (
            "| training | PyTorch in memory | original's code |\n|---|---|---|\n"
            "| Hidden layer, 150 images, 100 epochs | 3.0 | 10.0 |\n"
        )
        assert changed == f"| a |\n## Speed\nText:\n\n{table}\n## Next\n| b |\n"

    def test_the_time_that_measuring_will_take_is_that_of_the_last_time(self, measured, tmp_path):
        measured()
        assert benchmark.durations(tmp_path / "results.json") == {"hidden": 60.0, "exact-linear-1000": 1.0}
        assert benchmark.durations(tmp_path / "missing.json") == {}

    def test_the_figure_is_the_one_that_the_crate_draws(self, speed):
        kind, _, data = speed().figure.img["src"].partition(";base64,")
        assert (kind, base64.b64decode(data)) == ("data:image/svg+xml", b"<svg>drawn by the crate</svg>")

    def test_it_says_what_was_run(self, speed):
        facts = speed().select("dl")[-1].get_text()
        assert all(fact in facts for fact in ("MNIST", "torch 2.13.0", "a machine, 2 cores", "ours 2", "2026-01-02"))

    def test_times_on_synthetic_digits_say_so(self, speed):
        banner = speed(data="synthetic digits", is_mnist=False).select_one(".warning")
        assert banner.get_text().strip() == "These times are on synthetic digits, not on MNIST."

    def test_times_on_a_busy_machine_say_so(self, speed):
        banner = speed(busy=0.55).select_one(".warning").get_text().strip()
        assert banner == "The machine was 55% busy with other work when these times were measured."

    def test_times_on_mnist_and_an_idle_machine_have_no_banner(self, speed):
        assert speed().select(".warning") == []

    def test_a_page_has_no_faults(self, speed, faults):
        assert faults(str(speed().main)) == []

    def test_results_without_their_figure_are_refused(self, measured, tmp_path):
        measured()
        (tmp_path / "results.svg").unlink()
        with pytest.raises(results.PageError, match=r"results.json: expected what `make bench` writes, .*results.svg"):
            benchmark.read(tmp_path / "results.json")

    @pytest.mark.parametrize(
        "changes", [{"workloads": [{}]}, {"speed": 1}, {"workloads": [WORK[0] | {"seconds": {"b": [1]}}]}]
    )
    def test_another_file_is_refused(self, measured, changes):
        with pytest.raises(
            results.PageError, match=r"results.json: expected what `make bench` writes, found something else"
        ):
            measured(**changes)


class TestChecks:
    def test_a_good_page_has_no_faults(self, faults):
        assert faults(output(FIGURE) + '<a href="#top">up</a><a href="https://example.org">a link</a>') == []

    @pytest.mark.parametrize(
        "body",
        [
            '<script src="https://example.org/a.js"></script>',
            '<img alt="a" src="//example.org/a.png">',
            '<link rel="stylesheet" href="http://example.org/a.css">',
            '<style>@import "https://example.org/a.css";</style>',
            "<style>p { background: url( 'https://example.org/a.png') }</style>",
            '<p style="background:url(//example.org/a.png)">a</p>',
            '<script>import("https://example.org/a.js")</script>',
            '<svg><image href="https://example.org/a.png"/></svg>',
        ],
    )
    def test_external_references_are_faults(self, faults, body):
        assert "external" in faults(body)[0]

    def test_external_references_inside_an_image_are_faults(self, faults):
        svg = base64.b64encode(b'<svg><image href="https://example.org/a.png"/></svg>').decode()
        assert faults(f'<img alt="curves" src="data:image/svg+xml;base64,{svg}">') == [
            'a.html: the image "curves" loads something external'
        ]

    @pytest.mark.parametrize("alt", ["", 'alt=""', 'alt=" "', f'alt="{checks.NO_ALT}"'])
    def test_images_without_text_are_faults(self, faults, alt):
        assert faults(f'<img {alt} src="data:,">') == ["a.html: image 1 has no alternative text"]

    @pytest.mark.parametrize("content", ["", " \n", "<pre>()</pre>"])
    def test_empty_outputs_are_faults(self, faults, content):
        assert faults(output(content)) == ["a.html: code cell 3 has an empty output"]

    def test_errors_are_faults(self, faults):
        assert faults(output("<pre>oh</pre>", "error")) == ["a.html: code cell 3 shows an error: oh"]

    def test_values_in_debug_form_are_faults(self, faults):
        assert faults(output("<pre>Table { frame: 1 }</pre>")) == [
            "a.html: code cell 3 shows a value in its debug form: Table { frame: 1 }"
        ]

    def test_links_to_missing_files_are_faults(self, faults):
        assert faults('<a href="b.html">b</a>') == ["a.html: the link to b.html leads nowhere"]

    def test_links_to_missing_sections_are_faults(self, faults):
        assert faults('<a href="#b">b</a>') == ["a.html: the link to #b leads to no section"]

    def test_ids_that_occur_twice_are_faults(self, faults):
        assert faults('<p id="a">a</p><p id="a">b</p>') == ["a.html: the id a occurs 2 times"]

    @pytest.mark.parametrize("text", ["$x$", r"\alpha", r"\(x", "costs 5 $"])
    def test_raw_mathematics_is_a_fault(self, faults, text):
        assert faults(f"<p>{text}</p>") == [f"a.html: raw LaTeX is left in: {text}"]

    def test_code_may_contain_dollars(self, faults):
        assert faults(r"<pre>$x \alpha</pre><code>$</code>") == []

    def test_an_error_output_reaches_the_page_as_one(self, page, faults):
        failed = v4.new_output("error", ename="E", evalue="oh", traceback=["oh"])
        made = page(v4.new_code_cell("x", outputs=[failed]))
        assert faults(str(made.main)) == ["a.html: code cell 2 shows an error: oh"]

    @pytest.mark.filterwarnings("ignore:Your element")
    def test_an_output_that_no_page_can_show_is_empty_there(self, page, faults):
        assert faults(str(page(shows(comparison={"part": "1c", "rows": []})).main)) == [
            "a.html: code cell 2 has an empty output"
        ]


SHOWS_SESSION = f"""
from IPython.display import display
display({{"text/html": "<p>ready</p>", "{wire.mime(wire.Session)}": {MNIST!r}}}, raw=True)
"""

SHOWS_DEFECT = f"""
entry = {{"number": 1, "title": "t", "evidence": "e"}}
display({{"text/html": "<p>shown</p>", "{wire.mime(wire.Defects)}": {{"defects": [entry]}}}}, raw=True)
"""


class Project:
    """A notebook and the report on it."""

    def __init__(self, folder: Path):
        self.source, self.report = folder / "notebooks" / "1-svm.ipynb", folder / "report"
        self.save("print(1)")

    def save(self, *cells: str) -> None:
        """Writes the notebook, with a session and these code cells, for the Python kernel."""
        book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in (SHOWS_SESSION, *cells)])
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python", "language": "python"}
        execute.write(book, self.source)

    def make(self) -> None:
        build.make([self.source], self.report)

    def page(self) -> str:
        return (self.report / "1-svm.html").read_text()


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    monkeypatch.delenv("HINGE_QUICK", raising=False)
    monkeypatch.setattr(build, "BENCHMARK", tmp_path / "results.json")
    return Project(tmp_path)


@pytest.fixture
def made(project, capsys):
    """A project whose report was just made."""
    project.make()
    capsys.readouterr()
    return project


class TestMaking:
    def test_notebooks_are_executed_and_shown(self, project):
        project.save("print(6 * 7)")
        project.make()
        assert "42" in project.page()
        assert (project.report / "index.html").exists()

    def test_it_says_what_it_did_and_how_long_it_took(self, project, capsys):
        project.make()
        said = capsys.readouterr().out
        assert "1-svm.ipynb: executed in" in said
        assert "written and checked in" in said

    def test_nothing_to_do_is_said_in_one_line(self, made, capsys):
        made.make()
        assert capsys.readouterr().out == f"{made.report / 'index.html'} is up to date.\n"

    def test_finding_nothing_to_do_loads_none_of_the_slow_libraries(self):
        loads = "import sys; from report import build; print({'nbconvert', 'nbclient', 'nbformat'} & set(sys.modules))"
        run = subprocess.run([sys.executable, "-c", loads], cwd=HERE.parent, capture_output=True, text=True, check=True)
        assert run.stdout == "set()\n"

    def test_a_changed_cell_is_executed(self, made):
        made.save("print('new')")
        made.make()
        assert "new" in made.page()

    def test_changed_outputs_alone_are_not(self, made, capsys):
        assert execute.main([str(made.source)]) == 0
        capsys.readouterr()
        made.make()
        assert capsys.readouterr().out.endswith("is up to date.\n")

    def test_changed_data_make_a_notebook_stale(self, made, tmp_path):
        (tmp_path / "train-images-idx3-ubyte").write_text("x")
        assert build.is_stale(made.source, made.report / "notebooks" / "1-svm.ipynb")

    def test_quick_mode_makes_a_notebook_stale(self, made, monkeypatch):
        monkeypatch.setenv("HINGE_QUICK", "1")
        assert build.is_stale(made.source, made.report / "notebooks" / "1-svm.ipynb")

    def test_a_missing_page_is_written_without_executing(self, made, capsys):
        (made.report / "1-svm.html").unlink()
        made.make()
        assert made.page()
        assert "executed in" not in capsys.readouterr().out

    def test_the_page_of_a_notebook_that_is_gone_goes(self, made):
        other = made.source.with_name("2-other.ipynb")
        made.source.rename(other)
        build.make([other], made.report)
        assert sorted(page.name for page in made.report.glob("*.html")) == ["2-other.html", "index.html", "try.html"]

    def test_a_failing_notebook_leaves_the_report_as_it_was(self, made):
        before = made.page()
        made.save("1 / 0")
        with pytest.raises(build.Mistakes, match=r"1-svm.ipynb, code cell 2 `1 / 0`: ZeroDivisionError"):
            made.make()
        assert made.page() == before

    def test_a_faulty_page_leaves_the_report_as_it_was(self, made):
        before = made.page()
        made.save("from IPython.display import HTML\nHTML('<img src=\"data:,\">')")
        with pytest.raises(build.Mistakes, match=r"1-svm.html: image 1 has no alternative text"):
            made.make()
        assert made.page() == before

    def test_a_defect_shown_twice_leaves_the_report_as_it_was(self, made):
        before = made.page()
        made.save(SHOWS_DEFECT, SHOWS_DEFECT)
        with pytest.raises(build.Mistakes, match=r"1-svm.ipynb, code cell 3: defect 1 is shown already"):
            made.make()
        assert made.page() == before

    def test_a_notebook_that_does_not_say_what_it_ran_on_is_a_fault(self, project):
        book = execute.read(project.source)
        del book.cells[0]
        execute.write(book, project.source)
        with pytest.raises(build.Mistakes, match=r"1-svm.ipynb: no cell shows the session"):
            project.make()

    def test_without_a_benchmark_there_is_no_page_and_no_link(self, made):
        assert not (made.report / "benchmark.html").exists()
        assert "benchmark.html" not in (made.report / "index.html").read_text()

    def test_a_benchmark_is_linked_from_the_index(self, made, measured):
        measured()
        made.make()
        index = BeautifulSoup((made.report / "index.html").read_text(), "html.parser")
        assert texts(index.select('main a[href="benchmark.html"]')) == ["Speed"]

    def test_a_benchmark_is_shown_without_executing(self, made, measured, capsys):
        measured()
        made.make()
        assert "Hidden layer" in (made.report / "benchmark.html").read_text()
        assert "executed in" not in capsys.readouterr().out

    def test_the_page_of_a_benchmark_that_is_gone_goes(self, made, measured, tmp_path):
        measured()
        made.make()
        (tmp_path / "results.json").unlink()
        made.make()
        assert not (made.report / "benchmark.html").exists()

    def test_a_benchmark_that_cannot_be_read_leaves_the_report_as_it_was(self, made, tmp_path):
        before = made.page()
        (tmp_path / "results.json").write_text("{}")
        with pytest.raises(build.Mistakes, match=r"results.json: expected what `make bench` writes"):
            made.make()
        assert made.page() == before

    def test_no_temporary_files_stay(self, made):
        assert sorted(path.name for path in made.report.iterdir()) == [
            "1-svm.html",
            "index.html",
            "notebooks",
            "try.html",
        ]

    def test_two_at_once_give_one_whole_report(self, project):
        notebooks = project.source.parent
        options = {"cwd": HERE.parent, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        both = [subprocess.Popen(make_report(notebooks, 600), **options) for _ in range(2)]
        said = [process.communicate(timeout=600)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        made = sorted(path.name for path in (notebooks / "report").iterdir())
        assert made == ["1-svm.html", "benchmark.html", "index.html", "notebooks", "try.html"]
        assert checks.faults(notebooks / "report") == []
