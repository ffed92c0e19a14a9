"""The languages of the portal and texts in all of them."""

from collections.abc import Mapping

LANGUAGES = ("en", "ru", "tk")
Labels = dict[str, str]  # language -> text


def say(texts: Mapping[str, str], what: Mapping[str, str] | None = None, where: str = "") -> Labels:
    """Fill a text of `standards/` in all languages; `what` holds the label per language."""
    return {
        lang: texts[lang].format(
            what=(what or {}).get(lang) or (what or {}).get("en", ""), where=where
        )
        for lang in LANGUAGES
    }


def marked(text: str) -> str:
    """Mark a text for the translators without translating it: nobody's language is active yet."""
    return text
