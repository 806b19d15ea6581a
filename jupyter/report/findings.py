"""What the report found, in five lines: counts over the outputs of its notebooks."""

from dataclasses import dataclass

from report.audit import NUMBERS, Audit
from report.results import Results


@dataclass(frozen=True)
class Finding:
    """A line of the cover: a figure, what it counts (with a link to that), and the rest of the sentence."""

    figure: str
    subject: str
    href: str
    rest: str


def findings(tasks: list[Results], audit: Audit) -> list[Finding]:
    """The findings of the tasks, without those on which the notebooks say nothing."""
    found = [values(tasks), conclusions(audit), reversals(audit), defects(audit), claims(tasks)]
    return [finding for finding in found if finding]


def values(tasks: list[Results]) -> Finding | None:
    """How many published values lie where ours do."""
    rows = [row for results in tasks for row in results.rows]
    judged = [row.inside for row in rows if row.inside is not None]
    if not rows:
        return None
    if not judged:
        rest = "are compared: only a full run on MNIST can be."
        return Finding(f"0 of {len(rows)}", "published values", "#published", rest)
    inside = sum(judged)
    rest = f"lie inside the prediction interval of our runs over seeds, {len(judged) - inside} outside."
    return Finding(f"{inside} of {len(judged)}", "published values", "#published", rest)


def conclusions(audit: Audit) -> Finding | None:
    """How many conclusions have each verdict."""
    if not audit.conclusions:
        return None
    others = (f"{count} {verdict}" for verdict, count in audit.counts.items() if verdict != "supported")
    figure = f"{audit.counts.get('supported', 0)} of {len(audit.conclusions)}"
    rest = ", ".join(("are supported", *others))
    return Finding(figure, "conclusions of the original", "#conclusions", f"{rest}.")


def reversals(audit: Audit) -> Finding | None:
    """The conclusions whose opposite holds."""
    found = [f"“{conclusion.statement}”" for _, conclusion in audit.conclusions if conclusion.verdict == "reversed"]
    if not found:
        return None
    figure = f"{len(found)} of {len(audit.conclusions)}"
    return Finding(figure, "conclusions are reversed", "#conclusions", f"in our runs: {'; '.join(found)}.")


def defects(audit: Audit) -> Finding:
    """How many defects a cell shows."""
    figure = f"{len(audit.defects)} of {len(NUMBERS)}"
    return Finding(figure, "defects of the original", "#defects", "are shown where they happen.")


def claims(tasks: list[Results]) -> Finding | None:
    """How many claims of the answers have each verdict."""
    counts = {name: sum(results.claims[name] for results in tasks) for name in ("holds", "fails", "not checked")}
    if not (total := sum(counts.values())):
        return None
    rest = f"hold, {counts['fails']} fail, {counts['not checked']} are not checked."
    return Finding(f"{counts['holds']} of {total}", "claims of our answers", "#notebooks", rest)
