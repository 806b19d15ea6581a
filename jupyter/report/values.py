"""The published values beside ours, as the tables of the report show them."""

from itertools import groupby

from markupsafe import Markup

from report.results import Results
from report.wire import Row


def parts(tasks: list[Results]) -> dict[str, list[Row]]:
    """The compared values by part of the assignment."""
    found: dict[str, list[Row]] = {}
    comparisons = (comparison for results in tasks for comparison in results.comparisons)
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


def settings(rows: list[Row]) -> dict:
    """What was trained for the rows: setting, seeds and epochs, each once."""
    return dict.fromkeys((row.setting, row.seeds, row.epoch) for row in last_epoch(rows))


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


def strip(row: Row) -> Markup:
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
