"""The random tokens of forms: new in every answer, and able to hold any three letters."""

import re

TOKEN = re.compile(rb"[A-Za-z0-9]{64}")


def without_form_tokens(body: bytes) -> bytes:
    """Return an answer without its form tokens, so that it can be compared and searched."""
    return TOKEN.sub(b"", body)
