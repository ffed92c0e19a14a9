"""Small drawings inside tables and lists: where a number lies, and between which ends."""

from dataclasses import dataclass

from reports.indicators.readings import Reading

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
