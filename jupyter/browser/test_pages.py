"""The report's pages, opened from the disk without a network."""

import re
from collections import Counter

import pypdfium2
import pytest
from playwright.sync_api import expect

from setup.environment import ROOT

REPORT = ROOT / "report"
LINKS = re.findall(r'href="([\w-]+\.html)"', (REPORT / "index.html").read_text())
PAGES = list(dict.fromkeys(["index.html", *LINKS]))
A4 = {"width": 702, "height": 998}  # 210 x 297 mm less the margins in page.css, in CSS pixels
# What stands out of the page, or is cut off or scrolls inside an element, which paper cannot.
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter(element => {
  const style = getComputedStyle(element), right = element.getBoundingClientRect().right;
  const cuts = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
  return element.checkVisibility() && element.clientWidth && (cuts || right > innerWidth + 1);
}).map(element => element.outerHTML.slice(0, 120))"""


# Cells of the notebooks on the page of the whole report, except the first of each: their own pages, which are tested
# too, have them in the same style. To measure the contrast of every word takes a minute.
REPEATED = ".part .cell ~ .cell"


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    """The file name of a page."""
    return request.param


@pytest.fixture(scope="module")
def faults():
    """What went wrong on the pages."""
    return []


@pytest.fixture(scope="module")
def opened(browser, name, faults):
    """A page of the report, with everything unfolded and the network blocked."""

    def answer(route):
        if route.request.url.startswith(("file:", "data:")):
            return route.continue_()
        faults.append(f"asked for {route.request.url}")
        route.abort()

    with browser.new_context(offline=True) as context:
        context.route("**/*", answer)
        page = context.new_page()
        page.on("requestfailed", lambda request: faults.append(f"did not get {request.url[:100]}"))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto((REPORT / name).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        yield page


@pytest.fixture
def page(opened):
    """The page as a wide screen shows it first."""
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.emulate_media(media="screen", color_scheme="light")
    opened.evaluate("scrollTo(0, 0)")
    return opened


def test_a_page_needs_no_network(page, name, faults, screenshots):
    page.screenshot(path=screenshots / f"report, {name}.png")
    assert faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, scheme, violations):
    page.emulate_media(color_scheme=scheme)
    assert [
        (fault["id"], node["html"], node["failureSummary"])
        for fault in violations(checked_elsewhere=REPEATED)
        for node in fault["nodes"]
        if fault["impact"] in ("serious", "critical")
    ] == []


def test_the_contents_mark_the_section_that_is_read(page):
    if not page.locator(".contents").count():
        pytest.skip("the page has no contents")
    last = page.locator(".contents a").last
    page.evaluate("id => document.getElementById(id).scrollIntoView()", last.get_attribute("href")[1:])
    page.mouse.wheel(0, 10_000_000)
    expect(page.locator(".contents a[aria-current=location]")).to_have_count(1)
    expect(last).to_be_in_viewport()


def test_a_table_is_sorted_from_the_keyboard_in_both_orders(page):
    table = page.locator("table:has(td):has(.sort)").first
    if not table.count():
        pytest.skip("the page has no table to sort")
    head = table.locator("th:has(.sort)").last
    column = head.evaluate("head => head.cellIndex")
    written = table.locator(f"tbody tr > :nth-child({column + 1})").all_inner_texts()
    for order in ("ascending", "descending"):
        head.locator(".sort").press("Enter")
        expect(head).to_have_attribute("aria-sort", order)
    assert sorted(table.locator(f"tbody tr > :nth-child({column + 1})").all_inner_texts()) == sorted(written)


def test_numbers_are_sorted_by_their_size(browser):
    cells = ["10 000", "−0.5", "+2.1 points", "> 900", "3"]
    rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in cells)
    with browser.new_page() as page:
        page.set_content(f"<main><table><thead><tr><th>n</th></tr></thead><tbody>{rows}</tbody></table></main>")
        page.add_script_tag(path=ROOT / "jupyter" / "report" / "template" / "page.js")
        ascending = ["−0.5", "+2.1 points", "3", "> 900", "10 000"]
        for expected in (ascending, ascending[::-1]):
            page.locator(".sort").click()
            assert page.locator("td").all_inner_texts() == expected


def test_a_page_fits_a_phone(page, name, screenshots):
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=screenshots / f"report, {name}, phone.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_captions_break_where_a_phone_ends(page):
    page.set_viewport_size({"width": 390, "height": 844})
    widths = page.locator("caption, figcaption").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().width)"
    )
    assert [width for width in widths if width > 390] == []


def test_text_in_figures_is_not_made_small_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    shares = page.locator(".output img").evaluate_all("all => all.map(one => one.clientWidth / one.naturalWidth)")
    assert [share for share in shares if share < 2 / 3] == []


def test_paper_cuts_nothing_off(page):
    page.set_viewport_size(A4)
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF) == []


def words(text: str) -> Counter:
    """How often each word occurs."""
    return Counter(re.findall("[A-Za-z]{3,}", text))


def test_a_printed_page_holds_all_its_text(page, name, screenshots):
    file = screenshots / f"report, {name}.pdf"
    page.emulate_media(media="print")
    written = words(page.locator("main").inner_text())
    page.pdf(path=file, prefer_css_page_size=True)
    with pypdfium2.PdfDocument(file) as document:
        sheets = [sheet.get_textpage().get_text_bounded() for sheet in document]
    printed = " ".join(sheets)
    lost = Counter({word: times - printed.count(word) for word, times in written.items()})
    assert [number for number, sheet in enumerate(sheets, 1) if f"{number} / {len(sheets)}" not in sheet] == []
    # A word may be joined to the next (pdfium does it after a hyphen at a line's end); it splits a few words of code.
    assert (+lost).total() <= written.total() / 1000, +lost
