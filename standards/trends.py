"""How a number went over its last periods, as a small line."""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT, MARGIN = 24.0, 3.0  # of a trend, which is 100 wide


@dataclass(frozen=True)
class Trend:
    """A line through numbers over time: its unbroken pieces as `points` of SVG, and its last point."""

    pieces: list[str]
    x: float
    y: float


def trend_of(values: Sequence[float | None]) -> Trend | None:
    """Return the line through at least two numbers; it breaks where one is missing."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    spread = high - low or 1.0
    room = HEIGHT - 2 * MARGIN
    placed = [
        None
        if value is None
        else (
            round(100 * k / (len(values) - 1), 1),
            round(MARGIN + room * (high - value) / spread, 1),
        )
        for k, value in enumerate(values)
    ]
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in placed:
        if point is None:
            pieces.append([])
        else:
            pieces[-1].append(point)
    last = next(point for point in reversed(placed) if point is not None)
    drawn = [" ".join(f"{x},{y}" for x, y in piece) for piece in pieces if len(piece) > 1]
    return Trend(drawn, *last)
