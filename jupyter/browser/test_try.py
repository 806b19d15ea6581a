"""The page on which readers try classifiers, used as they do: with a mouse, a finger, a keyboard."""

import base64
import gzip
import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from setup.environment import ROOT

PAGE = ROOT / "report" / "try.html"
SHIFTED = 3


def data(page) -> dict:
    """The classifiers and images in the page."""
    return json.loads(page.locator("#classifiers").text_content())


def readable(page) -> list[dict]:
    """The images of the page that all classifiers classify correctly."""
    all_images = [image | {"pixels": list(base64.b64decode(image["pixels"]))} for image in data(page)["images"]]
    return [image for image in all_images if set(page.evaluate("tryIt.predict", image["pixels"])) == {image["label"]}]


@pytest.fixture
def page(browser):
    """The page, without a network."""
    with browser.new_context(offline=True, viewport={"width": 1280, "height": 1100}, has_touch=True) as context:
        page = context.new_page()
        page.goto(PAGE.as_uri())
        if page.locator("#classifiers").count() == 0:
            pytest.skip("the report's notebooks export no classifiers")
        yield page


@pytest.fixture
def says(page):
    """Waits until the page says something."""

    def of(*parts: str):
        for part in parts:
            expect(page.get_by_role("status")).to_contain_text(re.compile(part))

    return of


def draw(page, *points: tuple[float, float]) -> None:
    """Draws a line through points of the drawing area, in fractions of its side."""
    page.locator("#drawing").scroll_into_view_if_needed()
    box = page.locator("#drawing").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def first_test_images() -> list[list[int]]:
    """MNIST's first 200 test images, 784 pixels each."""
    folder = Path(os.environ.get("MNIST_DIR") or ROOT / "data" / "mnist")
    files = [*folder.rglob("t10k-images*idx3-ubyte*")]
    if not files:
        pytest.skip("MNIST is not there")
    opened = gzip.open if files[0].suffix == ".gz" else open
    with opened(files[0]) as file:
        pixels = file.read(16 + 200 * 784)[16:]
    return [list(pixels[784 * i : 784 * (i + 1)]) for i in range(200)]


def test_the_page_predicts_what_the_crate_does(page):
    if page.locator(".warning", has_text="not on MNIST").count():
        pytest.skip("the classifiers were not trained on MNIST")
    predictions = page.evaluate("images => images.map(tryIt.predict)", first_test_images())
    for index, classifier in enumerate(data(page)["classifiers"]):
        assert "".join(str(each[index]) for each in predictions) == classifier["predictions"], classifier["name"]


def test_a_shift_makes_pixel_models_fail_and_deskewing_undoes_it(page):
    found = page.evaluate(
        """([images, shift]) => {
          const shifted = images.map(({ label, pixels }) => ({ label, pixels: tryIt.move(pixels, shift, 0, 0) }));
          const upright = shifted.map(({ label, pixels }) => ({ label, pixels: tryIt.deskew(pixels) }));
          const wrong = (all) => all.map(({ label, pixels }) => tryIt.predict(pixels).map(digit => digit !== label));
          return [images, shifted, upright].map(wrong);
        }""",
        [readable(page), SHIFTED],
    )
    counts = [[sum(wrong) for wrong in zip(*each, strict=True)] for each in found]
    names = [classifier["name"] for classifier in data(page)["classifiers"]]
    before, shifted, upright = (dict(zip(names, each, strict=True)) for each in counts)
    assert set(before.values()) == {0}
    assert shifted["linear SVM"] >= 3
    assert shifted["deskewed SVM"] == 0
    assert upright["linear SVM"] <= 1


def test_everything_works_from_the_keyboard(page, says):
    examples = page.locator("#examples button")
    examples.nth(3).focus()
    page.keyboard.press("Enter")
    expect(examples.nth(3)).to_have_attribute("aria-pressed", "true")
    says(f"It is an? {data(page)['images'][3]['label']}")
    page.get_by_role("slider", name="Right").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    says("The change altered")
    page.get_by_role("checkbox", name="Deskew").press("Space")
    page.get_by_label("for the digit").select_option("8")
    expect(page.locator("#weight-title")).to_contain_text("for an 8")
    page.get_by_role("button", name="Undo changes").press("Enter")
    expect(page.get_by_role("slider", name="Right")).to_have_value("0")


def test_a_drawing_is_prepared_as_mnist_was(page):
    draw(page, (0.1, 0.1), (0.5, 0.15), (0.2, 0.6))
    made = page.evaluate("tryIt.fit(tryIt.drawn(), 280)")
    rows = [i // 28 for i, pixel in enumerate(made["boxed"]) if pixel > 20]
    columns = [i % 28 for i, pixel in enumerate(made["boxed"]) if pixel > 20]
    assert max(max(rows) - min(rows), max(columns) - min(columns)) + 1 in (20, 21)
    ink = sum(made["centred"])
    centre = [sum(p * (i // 28, i % 28)[axis] for i, p in enumerate(made["centred"])) / ink for axis in (0, 1)]
    assert all(abs(each - 13.5) <= 0.6 for each in centre)
    expect(page.locator("#steps")).to_be_visible()


def test_bad_input_is_answered_with_a_sentence(page, says):
    page.get_by_role("button", name="Clear").click()
    says("Nothing is drawn yet. Draw a digit, or choose one below.")
    draw(page, (0.5, 0.5), (0.51, 0.5))
    says("This is a dot: draw a digit larger than the pen is wide.")
    page.get_by_role("button", name="Clear").click()
    draw(page, *((x, y) for row in range(12) for x, y in ((0.3, 0.3 + 0.03 * row), (0.7, 0.3 + 0.03 * row))))
    says("This is a blot")
    page.get_by_role("button", name="Clear").click()
    draw(page, (0.1, 0.1), (0.25, 0.12), (0.15, 0.25))
    says("Your digit is small, and its centre lies .* pixels from the middle", "scaled and moved")
    page.get_by_role("checkbox", name="Prepare").uncheck()
    says("most models fail where it is now")
    page.get_by_role("slider", name="Right").fill("-10")
    page.get_by_role("slider", name="Down").fill("-10")
    says("All of the ink lies outside the image")


def test_a_finger_draws(page, says):
    page.get_by_role("button", name="Clear").click()
    page.locator("#drawing").tap(position={"x": 100, "y": 100})
    says("This is a dot")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_it_is_used(page, screenshots, scheme, violations):
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("button", name="Shift by 3 pixels").click()
    page.screenshot(path=screenshots / f"try, {scheme}.png", full_page=True)
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in violations()] == []


def test_it_fits_a_phone(page, screenshots):
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=screenshots / "try, phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
