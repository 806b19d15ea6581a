"""The cover of the report: the answer to each question of the assignment, and one figure over all of them."""

from collections import Counter
from dataclasses import dataclass

from report import wire
from report.results import Place, Results
from report.wire import Answer, Answers

TASKS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True)
class Task:
    """A task on the cover: its heading, the section of the report with it, and its answers, each with its cell.

    Without answers, `missing` says why there are none.
    """

    heading: str
    section: str
    answers: list[tuple[Place, Answer]]
    missing: str = ""


def tasks(results: list[Results]) -> list[Task]:
    """All tasks of the assignment, in order, from the notebooks of the tasks."""
    return [task(number, [one for one in results if one.name.startswith(number)]) for number in TASKS]


def task(number: str, of_task: list[Results]) -> Task:
    """The task with this number, from its notebooks."""
    if not of_task:
        return Task(f"Task {number}", "", [], "This report does not have the task: there is no notebook of it.")
    first = of_task[0]
    found = [(place, answer) for one in of_task for place, shown in one.shown(Answers) for answer in shown.answers]
    missing = "" if found else "The outputs of its notebook hold no answers; make report executes it again."
    return Task(first.title, first.name, found, missing)


def verdicts(of_tasks: list[Task]) -> dict[str, int]:
    """How many answers of the original have each verdict that occurs."""
    found = Counter(answer.verdict for each in of_tasks for _, answer in each.answers)
    return {verdict: found[verdict] for verdict in wire.values(Answer, "verdict") if found[verdict]}


def overview(results: list[Results]) -> str | None:
    """The figure over all models, as the notebook of a task shows it; None if none does."""
    return next((one.overview for one in results if one.overview), None)
