"""What spreadsheets run as a formula, and how a text is written so that none does."""

# What a formula begins with, full-width forms of East Asian keyboards included.
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(value: str | int | float | None) -> str | int | float | None:
    """Return a text that no spreadsheet will run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(SIGNS) else value
