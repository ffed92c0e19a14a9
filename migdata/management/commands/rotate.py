from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from agencies import audit, second_factor, secrets
from agencies.models import Person
from records.collection import uploads
from records.reading import encrypted_file
from reports.models import Build

AT_ONCE = 500  # sessions
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


class Command(BaseCommand):
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
        audit.record("rotate", f"secret:{purpose}", by=None, done=done, lost=lost)
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
        for path in uploads.waiting_files():
            try:
                done = encrypted_file.renew(path, *every)
            except FileNotFoundError:
                continue  # a worker was quicker
            except InvalidTag:
                closed.append(path)
                continue
            renewed, current = renewed + done, current + (not done)
        self._require_all_opened(closed, lost)
        return f"{renewed} files were encrypted anew, {current} were already; {len(closed)} stay closed."

    def _require_all_opened(self, closed: list[Path], lost: bool) -> None:
        if closed and not lost:
            raise CommandError(
                f"{len(closed)} files that wait can be opened with none of the secrets given. Add the"
                " secret they were encrypted with to FILES_SECRET_FALLBACKS. If it is lost, run it again"
                " with --lost: those files cannot be read then, and have to be sent again."
            )

    def _accounts(self, lost: bool) -> str:
        """Encrypt the secrets of second factors with the new secret."""
        with transaction.atomic():
            renewed, closed = second_factor.renew()
            if closed and not lost:
                raise CommandError(
                    f"{closed} second factors can be opened with none of the secrets given. Add the secret"
                    " they were encrypted with to ACCOUNTS_SECRET_FALLBACKS. If it is lost, run it again"
                    " with --lost: their people set up a new one, with the help of an administrator."
                )
        return f"{renewed} secrets of second factors were encrypted anew; {closed} stay closed."

    def _references(self, lost: bool) -> str:
        if not secrets.is_current("references") and not lost:
            raise CommandError(REFERENCES)
        return "References of persons are made with this secret from now on."

    def _disclosure(self, lost: bool) -> str:
        releases = Build.objects.count()
        if releases and not secrets.is_current("disclosure"):
            raise CommandError(DISCLOSURE % {"releases": releases})
        return "Figures are rounded with this secret from now on; none has been published yet."


def _proof_of_password(content: dict[str, Any]) -> dict[str, str]:
    """Return what ties a session to the password of its person, made with the new key."""
    person = Person.objects.filter(pk=content.get(SESSION_KEY)).first()
    old = content.get(HASH_SESSION_KEY)
    if person is None or old not in person.get_session_auth_fallback_hash():
        return {}
    return {HASH_SESSION_KEY: person.get_session_auth_hash()}
