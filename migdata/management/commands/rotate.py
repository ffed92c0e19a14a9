from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management.base import CommandError
from django.db import transaction

from agencies import audit, letters, second_factor, secrets
from agencies.models import Person
from records.collection import unwanted
from records.reading import encrypted_file
from reports.models import Build, Release
from reports.published import seals
from standards.commands import QuickCommand

AT_ONCE = 500  # sessions
# What is kept encrypted with ACCOUNTS_SECRET: each returns how many it renewed, and how many stay closed.
KEPT_OF_ACCOUNTS = (second_factor.renew, letters.renew)
REFERENCES = (
    "With another PERSON_REF_SECRET every person gets another reference from now on: somebody who is in"
    " the records already and is delivered again counts as two. Nothing that is stored changes. If that is"
    " meant (the secret became known, or is lost), run it again with --lost."
)
DISCLOSURE = (
    "DISCLOSURE_SECRET is not rotated while a series lives: there are %(releases)s releases. Figures that"
    " are rounded anew with another secret would, beside those already published, tell more than either."
    " If the secret became known, withdraw the releases and ask for advice (docs/disclosure.md); if it is"
    " lost, put it back from the sealed copy."
)


class Command(QuickCommand):
    help = (
        "Take a new secret into use: what was closed with the old one is closed with the new one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("purpose", choices=list(secrets.PURPOSES))
        parser.add_argument(
            "--lost",
            action="store_true",
            help="take the new secret although not everything could be opened with the old ones",
        )

    def handle(self, *args: Any, purpose: str, lost: bool, **options: Any) -> None:
        steps: dict[str, Callable[[bool], str]] = {
            "sessions": self._sessions,
            "files": self._files,
            "accounts": self._accounts,
            "seals": self._seals,
            "references": self._references,
            "disclosure": self._disclosure,
        }
        if not secrets.PURPOSES[purpose].secret:
            raise CommandError(
                f"{secrets.PURPOSES[purpose].setting} is not set in this process: run it where it is."
            )
        done = steps[purpose](lost)
        was_current = secrets.is_current(purpose)
        secrets.note_rotation(purpose)
        audit.record("rotate", f"secret:{purpose}", name=purpose, by=None, done=done, lost=lost)
        self.stdout.write(done)
        if was_current:
            self.stdout.write("The secret is the one in use already; nothing else had to change.")
        if fallbacks := secrets.PURPOSES[purpose].fallbacks:
            name = f"{secrets.PURPOSES[purpose].setting}_FALLBACKS"
            self.stdout.write(f"{name} ({len(fallbacks)}) may be removed now, everywhere.")

    def _sessions(self, lost: bool) -> str:
        """Sign every stored session with the new key. Links in letters keep the old one."""
        store, renewed, closed = SessionStore(), 0, 0
        batch = []
        for session in Session.objects.iterator(AT_ONCE):
            content = store.decode(session.session_data)
            if not content:
                closed += 1  # of an older key, or empty: its person signs in again
                continue
            content.update(_proof_of_password(content))
            session.session_data = store.encode(content)
            batch.append(session)
            renewed += 1
            if len(batch) == AT_ONCE:
                Session.objects.bulk_update(batch, ["session_data"])
                batch.clear()
        Session.objects.bulk_update(batch, ["session_data"])
        return (
            f"{renewed} sessions go on; {closed} could not be opened, and their people sign in again."
            " Links in letters that were sent before end with the old key: leave it among the"
            f" fallbacks for {settings.PASSWORD_RESET_TIMEOUT // 86400} days, or send them again."
        )

    def _files(self, lost: bool) -> str:
        """Encrypt the files that wait for a worker or for answers with the new secret."""
        every = [s.encode() for s in (settings.FILES_SECRET, *settings.FILES_SECRET_FALLBACKS)]
        renewed, current, closed = 0, 0, []
        for path in unwanted.waiting_files():
            try:
                done = encrypted_file.renew(path, *every)
            except FileNotFoundError:
                continue  # a worker was quicker
            except InvalidTag:
                closed.append(path)
                continue
            renewed, current = renewed + done, current + (not done)
        _require_all_opened("files that wait", "FILES_SECRET", len(closed), lost)
        return f"{renewed} files were encrypted anew, {current} were already; {len(closed)} stay closed."

    def _accounts(self, lost: bool) -> str:
        """Encrypt what belongs to accounts with the new secret, wherever it is kept."""
        with transaction.atomic():
            counts = [renew() for renew in KEPT_OF_ACCOUNTS]
            renewed, closed = (sum(column) for column in zip(*counts, strict=True))
            _require_all_opened("second factors and letters", "ACCOUNTS_SECRET", closed, lost)
        return f"{renewed} second factors and letters were encrypted anew; {closed} stay closed."

    def _seals(self, lost: bool) -> str:
        """Take a secret into use with which the owner has sealed every release (`verify_releases --seal`)."""
        other = [str(r) for r in Release.objects.all() if not seals.is_current(r)]
        if other:
            raise CommandError(
                f"{', '.join(other)}: sealed with another SEALS_SECRET. Compare the checksums with what was"
                " cited, then run `MIGDATA_AS_OWNER=1 manage.py verify_releases --seal`."
            )
        return "Every release is sealed with this secret."

    def _references(self, lost: bool) -> str:
        if not secrets.is_current("references") and not lost:
            raise CommandError(REFERENCES)
        return "References of persons are made with this secret from now on."

    def _disclosure(self, lost: bool) -> str:
        releases = Build.objects.count()
        if releases and not secrets.is_current("disclosure"):
            raise CommandError(DISCLOSURE % {"releases": releases})
        return "Figures are rounded with this secret from now on; none has been published yet."


def _require_all_opened(what: str, setting: str, closed: int, lost: bool) -> None:
    if closed and not lost:
        raise CommandError(
            f"{closed} {what} can be opened with none of the secrets given. Add the secret they were"
            f" encrypted with to {setting}_FALLBACKS. If it is lost, run it again with --lost: those"
            " cannot be opened then; files have to be sent again, second factors to be set up again."
        )


def _proof_of_password(content: dict[str, Any]) -> dict[str, str]:
    """Return what ties a session to the password of its person, made with the new key."""
    person = Person.objects.filter(pk=content.get(SESSION_KEY, 0)).first()
    if (
        person is None
        or content.get(HASH_SESSION_KEY, "") not in person.get_session_auth_fallback_hash()
    ):
        return {}
    return {HASH_SESSION_KEY: person.get_session_auth_hash()}
