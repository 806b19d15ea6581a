"""Bars that show how far the running cell is. They leave nothing behind: what is stored does not depend on time."""

import html
import uuid
from dataclasses import dataclass, field


@dataclass
class Bars:
    """The bars of one cell, in one display."""

    display: str = field(default_factory=lambda: str(uuid.uuid4()))
    under_way: dict[int, dict] = field(default_factory=dict)
    shown: bool = False
    waiting: str = ""  # what takes time, and how long it has, while nothing says how much there is to do

    def wait(self, what: str, seconds: float) -> tuple[str, dict]:
        """Notes for how long something has taken; returns the message that shows it."""
        self.waiting = f"{what}: {seconds:.0f} s"
        return self._message()

    def stop_waiting(self) -> tuple[str, dict]:
        """Notes that something is shown; returns the message that says no longer for how long."""
        self.waiting = ""
        return self._message()

    def take(self, progress: dict) -> tuple[str, dict]:
        """Takes the crate's word on a bar; returns the message, type and content, that draws all of them."""
        if "total" in progress:
            self.under_way[progress["number"]] = progress
        else:
            self.under_way.pop(progress["number"], None)
        self.waiting = ""
        return self._message()

    def _message(self) -> tuple[str, dict]:
        kind, self.shown = "update_display_data" if self.shown else "display_data", True
        bars = list(self.under_way.values())
        data = {"text/html": "".join(map(_html, bars)), "text/plain": "\n".join(map(_text, bars))}
        if self.waiting:
            label = f'role="progressbar" aria-label="{self.waiting}"'
            data = {"text/html": f"<div><progress {label}></progress> {self.waiting}</div>", "text/plain": self.waiting}
        return kind, {"data": data, "metadata": {}, "transient": {"display_id": self.display}}


def _text(bar: dict) -> str:
    left = bar["seconds_left"]
    curve = f"; {bar['curve']['label']}" if bar.get("curve") else ""
    return f"{bar['what']}: {bar['done']} of {bar['total']} done" + (
        curve if left is None else f", about {left:.0f} s left{curve}"
    )


def _html(bar: dict) -> str:
    what, text = html.escape(bar["what"]), html.escape(_text(bar))
    values = f'aria-valuemin="0" aria-valuemax="{bar["total"]}" aria-valuenow="{bar["done"]}" aria-valuetext="{text}"'
    bar_ = f'<progress role="progressbar" aria-label="{what}" {values} max="{bar["total"]}" value="{bar["done"]}">'
    return f"<div>{bar_}</progress> {text}{_curve(bar)}</div>"


def _curve(bar: dict) -> str:
    """What the finished work gave so far, as a small picture from its lowest value to its highest; a value alone is
    none."""
    points, width, height = (bar.get("curve") or {"points": []})["points"], 240, 40
    if len(points) < 2:
        return ""
    low, high = min(points), max(points)
    x = [width * index / (len(points) - 1) for index in range(len(points))]
    y = [height - height * (point - low) / ((high - low) or 1) for point in points]
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(x, y, strict=True))
    view = f'viewBox="-1 -1 {width + 2} {height + 2}" width="{width}" height="{height}" style="display:block"'
    picture = f'<polyline points="{line}" fill="none" stroke="currentColor"/>'
    return f'<svg role="img" aria-label="{html.escape(bar["curve"]["label"])}" {view}>{picture}</svg>'
