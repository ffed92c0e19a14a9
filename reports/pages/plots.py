"""Small drawings inside tables and lists: where a number lies, between which ends, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.indicators.calculations import Reading

HEIGHT, MARGIN = 24.0, 3.0  # of a trend, which is 100 wide
THINNEST = 0.6


@dataclass(frozen=True)
class Span:
    """A piece of a line of 100."""

    x: float
    width: float


@dataclass(frozen=True)
class Plot:
    """Where a number lies on a line of 100; between which ends by rounding, and by sex that is not stated."""

    x: float
    rounding: Span | None
    unknown: Span | None


@dataclass(frozen=True)
class Scale:
    """The numbers at both ends of a line."""

    low: float
    high: float

    def plot(self, reading: Reading) -> Plot:
        """Return where a reading that has a value lies."""
        return Plot(
            self._place(reading.value or 0.0),
            self._span(reading.low, reading.high),
            self._span(reading.least, reading.most),
        )

    def _span(self, low: float | None, high: float | None) -> Span | None:
        if low is None:
            return None
        first = self._place(low)
        last = self._place(self.high if high is None else high)
        return Span(first, round(max(last - first, THINNEST), 2))

    def _place(self, number: float) -> float:
        part = (number - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(100 * min(max(part, 0.0), 1.0), 2)


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
