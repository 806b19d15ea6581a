"""What the report found, in five lines: counts over the outputs of its notebooks."""

from dataclasses import dataclass

from report.audit import NUMBERS, Audit
from report.results import VERDICTS, Results


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
    compared = [row.inside for row in rows if row.inside is not None]
    if not rows:
        return None
    if not compared:
        return Finding(f"0 of {len(rows)}", "published values", "#published", "are compared: these results are not on MNIST.")
    return Finding(
        f"{sum(compared)} of {len(compared)}", "published values", "#published",
        f"lie inside the prediction interval of our runs over seeds, {len(compared) - sum(compared)} outside.")


def conclusions(audit: Audit) -> Finding | None:
    """How many conclusions have each verdict."""
    if not audit.conclusions:
        return None
    others = [f"{count} {verdict}" for verdict, count in audit.counts.items() if verdict != "supported"]
    rest = ", ".join(("are supported", *others))
    return Finding(f"{audit.counts.get('supported', 0)} of {len(audit.conclusions)}",
                   "conclusions of the original", "#conclusions", f"{rest}.")


def reversals(audit: Audit) -> Finding | None:
    """The conclusions of which the opposite holds."""
    statements = [f"“{conclusion.statement}”" for conclusion in audit.conclusions if conclusion.verdict == "reversed"]
    if not statements:
        return None
    return Finding(f"{len(statements)} of {len(audit.conclusions)}", "conclusions are reversed", "#conclusions",
                   f"in our runs: {'; '.join(statements)}.")


def defects(audit: Audit) -> Finding:
    """How many defects a cell shows."""
    return Finding(f"{len(audit.defects)} of {len(NUMBERS)}", "defects of the original", "#defects",
                   "are shown where they happen.")


def claims(tasks: list[Results]) -> Finding | None:
    """How many claims of the answers have each verdict."""
    counts = {verdict: sum(results.claims[verdict] for results in tasks) for verdict in VERDICTS}
    total = sum(counts.values())
    if not total:
        return None
    return Finding(f"{counts['holds']} of {total}", "claims of our answers", "#notebooks",
                   f"hold, {counts['fails']} fail, {counts['not checked']} are not checked.")
