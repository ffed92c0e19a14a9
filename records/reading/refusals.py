"""Why a file as a whole is refused: what was wrong, and what to do."""

from records.reading.layout import Refusal
from standards import codelists, languages


class FileRefused(Exception):
    """Carries the Refusal out of whatever depth it was found in."""

    def __init__(self, reason: str | Refusal, where: str = "") -> None:
        self.refusal = reason if isinstance(reason, Refusal) else refusal(reason, where)
        super().__init__(self.refusal.code)


def refusal(code: str, where: str = "") -> Refusal:
    """Return the refusal of this code in three languages, with the place where it was found."""
    texts = codelists.standard("refusals")[code]
    message = languages.say(texts, where=where)
    if where and "{where}" not in texts["en"]:
        message = {language: f"{text} ({where})" for language, text in message.items()}
    return Refusal(code, message, where)
