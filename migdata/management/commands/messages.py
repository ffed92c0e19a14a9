import io
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
APPS = ("migdata", "agencies", "records", "reports")
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "said"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
}
BEGUN = datetime(2026, 11, 24, tzinfo=UTC)
# What libraries say on our pages and have no Turkmen for.
FOREIGN = (
    "The email address and/or password you specified are not correct.",
    "Too many failed login attempts. Try again later.",
    "This account is currently inactive.",
    "This field is required.",
    "Enter a valid email address.",
    "You must type the same password each time.",
    "This password is too common.",
    "The password is too similar to the %(verbose_name)s.",
    "Please type your current password.",
    "Current Password",
    "New Password",
    "New Password (again)",
    "Change Password",
    "Password successfully changed.",
    "Two-Factor Authentication",
    "Authenticator App",
    "An authenticator app is not active.",
    "Authentication using an authenticator app is active.",
    "Activate",
    "Deactivate",
    "Recovery Codes",
    "No recovery codes set up.",
    "Generate",
    "View",
    "Download",
)


class Command(BaseCommand):
    help = "Bring the message catalogues up to date with the texts in code and templates."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--missing", action="store_true", help="print what is not translated")

    def handle(self, *args: Any, **options: Any) -> None:
        for path in sorted(ROOT.glob("locale/*/LC_MESSAGES/django.po")):
            catalogue = updated(path)
            if options["missing"]:
                for text in untranslated(catalogue):
                    self.stdout.write(f"{catalogue.locale}: {text}")
                continue
            with path.open("wb") as out:
                write_po(out, catalogue, ignore_obsolete=True, include_lineno=False, width=100)


def updated(path: Path) -> Catalog:
    """Return a catalogue with every text of today; what is gone is left out, nothing is guessed."""
    with path.open("rb") as text:
        catalogue = read_po(text, locale=path.parent.parent.name)
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.project, catalogue.version = "migdata", "1"
    catalogue.creation_date = catalogue.revision_date = (
        BEGUN  # a date of today would change each time
    )
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the texts that have no translation, or only some of their plural forms."""
    return [
        str(message.id)
        for message in catalogue
        if message.id
        and not all(message.string if isinstance(message.string, tuple) else [message.string])
    ]


def template() -> Catalog:
    """Return all texts that people may see, from Python and from templates."""
    found = Catalog()
    for path, source in _sources():
        for _line, message, comments, _context in extract(
            "python", io.BytesIO(source.encode()), KEYWORDS
        ):
            found.add(message, locations=[(str(path), 0)], auto_comments=comments)
    for text in FOREIGN:
        found.add(text, locations=[("libraries", 0)])
    return found


def _sources() -> Iterator[tuple[Path, str]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path.relative_to(ROOT), path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        # Django turns a template into calls of gettext; its indentation is no Python.
        lines = templatize(path.read_text()).splitlines()
        yield path.relative_to(ROOT), "\n".join(line.lstrip() for line in lines)
