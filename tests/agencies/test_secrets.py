"""Secrets: good ones only, each for one purpose, known again, from files, and rotated without loss."""

import io
import os
import subprocess
import sys
import time

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as real
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from agencies import letters, scope, secrets
from agencies.models import Letter, SecretFingerprint
from agencies.second_factor import Encrypted
from migdata import environment
from records.collection import uploads
from records.models import Upload
from records.reading import encrypted_file
from tests import workers
from tests.cast import events, signed_in
from tests.records import files
from tests.records.files import plain, table

OTHER = "another secret, of more than thirty-two bytes"
GOOD = {p.setting: f"{n}: 0123456789 abcdefghijklmnop" for n, p in secrets.PURPOSES.items()}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """What this process has compared already is forgotten."""
    monkeypatch.setattr(secrets, "_verified", set())


@pytest.fixture
def send(instruments, agency, clerk):
    """Take a file in as the clerk; returns the upload."""
    permits = instruments["SMS-WPF"]
    return lambda content: files.send(content, by=clerk, agency=agency, instrument=permits)


@pytest.fixture
def production(settings, monkeypatch):
    """Settings as in production, with good secrets."""
    settings.TESTING = settings.DEMO = False
    monkeypatch.setattr(secrets, "_database", lambda: "migdata")
    for name, value in GOOD.items():
        setattr(settings, name, value)
    return settings


def refused(capfd, reason):
    with pytest.raises(SystemExit):
        secrets.require_good()
    assert reason in capfd.readouterr().err


class TestGoodSecrets:
    def test_good_ones_start(self, production):
        secrets.require_good()

    @pytest.mark.parametrize("name", GOOD)
    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("", "is missing"),
            ("k3J" * 10, "is shorter than 32 bytes"),
            ("a" * 64, "is no secret"),
            ("changeme-changeme-changeme-changeme-1234", "is no secret"),
            ("django-insecure-0123456789abcdefghijklmnop", "is no secret"),
            ("tests only: sessions, thirty-two bytes at least", "is no secret"),
        ],
    )
    def test_bad_ones_do_not(self, production, name, value, reason, capfd):
        setattr(production, name, value)
        refused(capfd, f"{name} {reason}")

    def test_one_value_does_not_serve_two_purposes(self, production, capfd):
        production.FILES_SECRET = production.ACCOUNTS_SECRET
        refused(capfd, "FILES_SECRET and ACCOUNTS_SECRET are the same")

    def test_a_part_needs_only_its_own(self, production, monkeypatch, capfd):
        production.DISCLOSURE_SECRET = production.PERSON_REF_SECRET = ""
        monkeypatch.setenv("PORTAL_PART", "web")
        secrets.require_good()
        monkeypatch.setenv("PORTAL_PART", "worker")
        refused(capfd, "DISCLOSURE_SECRET is missing")
        monkeypatch.setenv("PORTAL_PART", "wrker")
        with pytest.raises(SystemExit, match="PORTAL_PART is 'wrker'"):
            secrets.require_good()


class TestFiles:
    def test_a_secret_may_lie_in_a_file(self, tmp_path, monkeypatch):
        file = tmp_path / "key"
        file.write_text("of a file\n")
        monkeypatch.setenv("A_KEY_FILE", str(file))
        assert environment.secret("A_KEY") == "of a file"
        monkeypatch.setenv("A_KEY", "of the environment")
        with pytest.raises(SystemExit, match="A_KEY and A_KEY_FILE are both set"):
            environment.secret("A_KEY")

    def test_a_file_that_is_not_there_is_said(self, tmp_path, monkeypatch):
        monkeypatch.setenv("A_KEY_FILE", str(tmp_path / "none"))
        with pytest.raises(SystemExit, match=r"A_KEY_FILE names .*none, which cannot be read"):
            environment.secret("A_KEY")

    def test_older_secrets_stand_one_a_line(self, monkeypatch):
        monkeypatch.setenv("A_KEY_FALLBACKS", "one, with a comma\ntwo\n")
        assert environment.secrets("A_KEY_FALLBACKS") == ["one, with a comma", "two"]

    def test_a_password_goes_into_its_address(self, tmp_path, monkeypatch):
        file = tmp_path / "password"
        file.write_text("p@ss/word\n")
        monkeypatch.setenv("SOME_PASSWORD_FILE", str(file))
        monkeypatch.setenv("SOME_URL", "postgresql://migdata_app@db:5432/migdata")
        read = environment.database(environment.address("SOME_URL", "SOME_PASSWORD"), limits={})
        assert (read["USER"], read["PASSWORD"], read["HOST"]) == ("migdata_app", "p@ss/word", "db")
        monkeypatch.setenv("SOME_URL", "redis://broker:6379/0")
        assert (
            environment.address("SOME_URL", "SOME_PASSWORD")
            == "redis://:p%40ss%2Fword@broker:6379/0"
        )


@pytest.mark.django_db(transaction=True)
class TestKnownAgain:
    def test_the_first_use_leaves_a_fingerprint_that_tells_nothing(self, settings):
        secrets.require("files")
        (known,) = SecretFingerprint.objects.all()
        assert (known.purpose, known.number, len(known.digest)) == ("files", 1, 64)
        assert settings.FILES_SECRET not in known.digest + known.salt
        secrets.require("files")
        assert SecretFingerprint.objects.count() == 1

    def test_another_one_is_noticed_with_the_way_out(self, settings):
        secrets.require("files")
        settings.FILES_SECRET = OTHER
        with pytest.raises(
            secrets.WrongSecret, match=r"FILES_SECRET_FALLBACKS and run .*rotate files"
        ):
            secrets.require("files")
        settings.FILES_SECRET_FALLBACKS = [real.FILES_SECRET, "tests only: files, thirty-two bytes"]
        secrets.require("files")  # it is being rotated

    def test_the_portal_itself_cannot_change_one(self):
        secrets.require("files")
        for change in (
            "UPDATE agencies_secretfingerprint SET digest = ''",
            "DELETE FROM agencies_secretfingerprint",
        ):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(change)

    def test_a_file_is_not_taken_in_under_another_secret(self, send, settings):
        secrets.require("files")
        settings.FILES_SECRET = OTHER
        with pytest.raises(Exception, match="cannot keep files now"):
            send(plain(table(2)))
        assert files.incoming() == []

    def test_references_are_not_made_with_another_secret(self, send, settings, clerk):
        secrets.require("references")
        settings.PERSON_REF_SECRET = OTHER
        upload = send(plain(table(2)))
        assert (upload.state, upload.job.state, upload.job.attempts) == ("RECEIVED", "QUEUED", 1)
        settings.PERSON_REF_SECRET = os.environ["PERSON_REF_SECRET"]
        type(upload.job).objects.update(lease_until=None)
        assert files.finish(upload, by=clerk).state == "COMMITTED"  # nothing was lost


def started(*command, **extra):
    """Start one of the portal's processes on this test's database; returns (exit code, what it said)."""
    env = {**os.environ, **workers.environment("nobody"), **extra}
    process = subprocess.Popen(
        [sys.executable, *command],
        env=env,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said, _nothing = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None, "it runs"
    return process.returncode, said


PROCESSES = {
    "web": ("-m", "migdata.server", "--port", "0"),
    "worker": ("-m", "celery", "-A", "migdata", "worker", "-c", "1", "--without-mingle"),
    "beat": ("-m", "celery", "-A", "migdata", "beat", "--pidfile="),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", PROCESSES)
def test_no_process_starts_with_a_bad_or_another_secret(name, settings):
    settings.PRIVATE_ROOT.mkdir(parents=True, exist_ok=True)
    secrets.require("files")
    schedule = ("-s", str(settings.PRIVATE_ROOT / "beat")) if name == "beat" else ()
    command = (*PROCESSES[name], *schedule)
    code, said = started(*command, FILES_SECRET="short")
    assert code == 1
    assert "FILES_SECRET is shorter than 32 bytes" in said
    assert "openssl rand -hex 32" in said
    code, said = started(*command, FILES_SECRET=OTHER)
    assert code == 1
    assert "FILES_SECRET is not the secret that this database has been used with" in said
    assert "Traceback" not in said


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_not_there_does_not_stop_the_start():
    code, said = started(
        *("-c", "import migdata.wsgi"),
        DATABASE_URL="postgresql://nobody@127.0.0.1:9/none",
        DEMO="1",
    )
    assert code == 0, said
    assert "could not be compared yet" in said


def rotated(purpose, **options):
    """Run the command; returns what it says."""
    said = io.StringIO()
    call_command("rotate", purpose, stdout=said, **options)
    return said.getvalue()


@pytest.mark.django_db(transaction=True)
class TestRotation:
    """O4: keys are rotated without loss."""

    def renew(self, settings, name):
        """Put a new secret in force; the old one becomes a fallback."""
        old = getattr(settings, name)
        setattr(settings, name, OTHER)
        setattr(settings, f"{name}_FALLBACKS", [old])
        return old

    def test_files_that_wait_are_read_before_during_and_after(self, send, settings, clerk):
        asking = [
            plain(table(3, record_ref=[f"{k}{n}" for n in "abc"], sex=["1", "2", "1"]))
            for k in "xyz"
        ]
        sent = [send(content) for content in asking]
        answers = {"sex_codes": {"1": "F", "2": "M"}}

        def finish(upload):
            with scope.acting(clerk):
                uploads.read(Upload.objects.get(pk=upload.pk), by=clerk, answers=answers)
            return files.finish(upload, by=clerk).state

        self.renew(settings, "FILES_SECRET")
        assert finish(sent[0]) == "COMMITTED"  # the fallback opens it
        before = {path.name for path in files.incoming()}
        said = rotated("files")
        assert "2 files were encrypted anew, 0 were already" in said
        assert "FILES_SECRET_FALLBACKS (1) may be removed now" in said
        assert "0 files were encrypted anew, 2 were already" in rotated("files")  # again: no harm
        assert {path.name for path in files.incoming()} == before
        settings.FILES_SECRET_FALLBACKS = []
        assert [finish(upload) for upload in sent[1:]] == ["COMMITTED", "COMMITTED"]
        numbers = SecretFingerprint.objects.filter(purpose="files").values_list("number", flat=True)
        assert sorted(numbers) == [1, 2]
        assert [event.subject for event in events("rotate")] == ["secret:files"] * 2

    def test_what_cannot_be_opened_is_told_and_kept(self, send, settings):
        send(plain(table(3, sex=["1", "2", "1"])))
        settings.FILES_SECRET = OTHER  # and the old one is not named
        with pytest.raises(CommandError, match="1 files that wait can be opened with none"):
            rotated("files")
        assert len(files.incoming()) == 1
        with pytest.raises(secrets.WrongSecret):
            secrets.require("files")
        assert "1 stay closed" in rotated("files", lost=True)
        secrets.require("files")

    def test_a_crash_half_way_leaves_the_old_file_and_the_next_run_goes_on(
        self, send, settings, monkeypatch
    ):
        send(plain(table(3, sex=["1", "2", "1"])))
        (path,) = files.incoming()
        path.with_name(f"{path.name}.new").write_bytes(b"half")  # what kill -9 would leave
        self.renew(settings, "FILES_SECRET")
        assert "1 files were encrypted anew" in rotated("files")
        assert files.incoming() == [path]
        with encrypted_file.opened(path, OTHER.encode()) as sealed, sealed.open() as clear:
            assert clear.read()

    def test_who_is_signed_in_stays_signed_in(self, clerk, instruments, settings):
        secrets.require("sessions")
        browser = signed_in(clerk)
        assert browser.get("/uploads/").status_code == 200
        self.renew(settings, "SECRET_KEY")
        assert "1 sessions go on; 0 could not be opened" in rotated("sessions")
        settings.SECRET_KEY_FALLBACKS = []
        assert browser.get("/uploads/").status_code == 200
        secrets.require("sessions")

    def test_without_the_old_key_everybody_signs_in_again(self, clerk, instruments, settings):
        browser = signed_in(clerk)
        settings.SECRET_KEY = OTHER
        assert "0 sessions go on; 1 could not be opened" in rotated("sessions")
        assert browser.get("/uploads/").status_code == 302

    def test_second_factors_and_letters_open_before_and_after(self, clerk, settings):
        secrets.require("accounts")
        letters.Post().send_messages([EmailMessage("Hello", "Dear clerk", None, [clerk.email])])
        waiting = Letter.objects.get()
        kept = {"secret": Encrypted().encrypt("JBSWY3DPEHPK3PXP")}
        row = Authenticator.objects.create(user=clerk, type="totp", data=kept)
        old = self.renew(settings, "ACCOUNTS_SECRET")
        settings.ACCOUNTS_SECRET_FALLBACKS = []
        with pytest.raises(
            CommandError, match="2 second factors and letters can be opened with none"
        ):
            rotated("accounts")
        settings.ACCOUNTS_SECRET_FALLBACKS = [old]
        assert "2 second factors and letters were encrypted anew; 0 stay" in rotated("accounts")
        settings.ACCOUNTS_SECRET_FALLBACKS = []
        row.refresh_from_db()
        assert Encrypted().decrypt(row.data["secret"]) == "JBSWY3DPEHPK3PXP"
        secrets.require("accounts")
        settings.LETTERS_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        with transaction.atomic():
            letters.send(waiting.job)
        assert [sent.body for sent in mail.outbox] == ["Dear clerk"]

    def test_another_secret_of_references_is_explained_first(self, settings):
        secrets.require("references")
        settings.PERSON_REF_SECRET = OTHER
        with pytest.raises(CommandError, match="every person gets another reference"):
            rotated("references")
        rotated("references", lost=True)
        secrets.require("references")


def test_fingerprints_are_slow_to_try(settings):
    begun = time.process_time()
    secrets._digest(OTHER, "00" * 16)
    assert (
        time.process_time() - begun > 0.005
    )  # a hash of a millisecond would be tried by the billion
