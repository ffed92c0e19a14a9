"""What lines over time have in common: their end labels stand apart."""


def apart(
    high: float, low: float, least: float, within: tuple[float, float]
) -> tuple[float, float]:
    """Return two heights in pixels, the upper one first, moved away from their middle until so many pixels lie between
    them; both stay within an upper and a lower limit."""
    between = max(low - high, least)
    first, last = within
    middle = min(max((high + low) / 2, first + between / 2), last - between / 2)
    return middle - between / 2, middle + between / 2
