"""What one person and one agency may send: beyond it a file is refused, in words, and nothing is lost."""

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from agencies import scope
from agencies.roles import Role
from records.collection import uploads
from records.collection.quotas import OverQuota
from records.models import Record, Upload
from tests.cast import make_person, signed_in
from tests.records import files
from tests.records.files import plain, table

pytestmark = pytest.mark.django_db(transaction=True)


def limit(settings, **quotas):
    """Let a person have so much, and an agency much more: waiting=1 stands for UPLOADS_WAITING."""
    names = {"waiting": "UPLOADS_WAITING", "day": "UPLOADS_A_DAY", "bytes": "UPLOAD_BYTES_WAITING"}
    for name, most in quotas.items():
        setattr(
            settings,
            names[name],
            most if isinstance(most, dict) else {"person": most, "agency": 1 << 40},
        )


def posted(client, number=1, delivery="SMS/SMS-WPF"):
    content = plain(table(2, record_ref=[f"N-{number}-1", f"N-{number}-2"]))
    file = SimpleUploadedFile(f"{number}.csv", content, "text/csv")
    return client.post("/uploads/new", {"delivery": delivery, "file": file})


def count(person):
    with scope.acting(person):
        return Upload.objects.count()


@pytest.fixture
def page(instruments, clerk):
    return signed_in(clerk)


class TestOnThePage:
    def test_files_that_wait(self, page, clerk, settings):
        limit(settings, waiting=2)
        assert [posted(page, k).status_code for k in range(3)] == [302, 302, 429]
        answer = posted(page, 9)
        assert answer["Retry-After"] == "60"
        assert "Your files that wait to be read: 2." in answer.content.decode()
        assert "Nothing was stored" in answer.content.decode()
        assert (count(clerk), len(files.incoming())) == (2, 2)
        with scope.acting(clerk):
            first = Upload.objects.order_by("pk").first()
        files.finish(first, by=clerk)
        assert posted(page, 9).status_code == 302  # there is room again

    def test_files_a_day(self, page, clerk, settings):
        limit(settings, day=2)
        assert [posted(page, k).status_code for k in range(2)] == [302, 302]
        with scope.acting(clerk):
            then = timezone.now() - timedelta(hours=20)
            first = Upload.objects.earliest("pk").pk
            Upload.objects.filter(pk=first).update(uploaded_at=then)
        answer = posted(page, 9)
        assert answer.status_code == 429
        assert 3.9 * 3600 < int(answer["Retry-After"]) <= 4 * 3600 + 2
        free = timezone.localtime(then + timedelta(days=1)).strftime("%d.%m.%Y %H:%M")
        assert f"Send this one after {free}" in answer.content.decode()
        with scope.acting(clerk):
            Upload.objects.filter(pk=first).update(uploaded_at=then - timedelta(hours=5))
        assert posted(page, 9).status_code == 302

    def test_bytes_that_wait(self, page, clerk, settings):
        limit(settings, bytes=400)
        answers = [posted(page, k) for k in range(3)]
        assert [a.status_code for a in answers] == [302, 429, 429]
        assert "does not fit beside" in answers[1].content.decode()
        assert "Retry-After" not in answers[1].headers  # it depends on the person
        assert len(files.incoming()) == 1

    def test_what_the_agency_may_have_is_counted_over_its_people(
        self, page, agency, clerk, settings
    ):
        settings.UPLOADS_WAITING = {"person": 9, "agency": 1}
        second = signed_in(make_person("second@sms.example", Role.CLERK, agency))
        assert posted(second).status_code == 302
        answer = posted(page, 2)
        assert answer.status_code == 429
        assert "Files of SMS that wait to be read: 1." in answer.content.decode()

    def test_others_are_not_affected(self, page, clerk, other_agency, outsider, settings):
        limit(settings, waiting=0)
        settings.UPLOADS_WAITING = {"person": 1, "agency": 1}
        assert [posted(page, k).status_code for k in range(2)] == [302, 429]
        assert posted(signed_in(outsider), 3, "MLSP/SMS-WPF").status_code == 302


def test_f28_bad_files_in_a_loop_fill_nothing(page, clerk, settings):
    """F28: files that nobody can read, and files that wait for answers, until the day is full."""
    limit(settings, day=12)
    for k in range(30):
        junk = [b"\x7fELF" + bytes([k]) * 300, plain(table(3, sex=["1", "2", "1"]))][k % 2]
        file = SimpleUploadedFile(f"{k}.csv", junk, "text/csv")
        answer = page.post("/uploads/new", {"delivery": "SMS/SMS-WPF", "file": file})
        if answer.status_code == 302:
            with scope.acting(clerk):
                upload = Upload.objects.first()
            files.finish(upload, by=clerk)
        assert answer.status_code == (302 if k < 12 else 429)
    assert count(clerk) == 12
    assert (
        len(files.incoming()) == 6
    )  # those that wait for answers; the bytes they take are limited too
    with scope.acting(clerk):
        assert Record.objects.count() == 0


def test_a_file_that_waits_for_answers_takes_room(send, page, clerk, settings):
    asking = plain(table(3, sex=["1", "2", "1"]))
    assert send(asking).state == "NEEDS_ANSWERS"
    limit(settings, bytes=len(asking) + 100)
    assert posted(page).status_code == 429
    with scope.acting(clerk):
        uploads.undo(Upload.objects.get(), by=clerk)
    assert posted(page).status_code == 302


def test_the_command_line_says_the_same(instruments, clerk, settings, tmp_path, capsys):
    limit(settings, waiting=0)
    path = tmp_path / "march.csv"
    path.write_bytes(plain(table(2)))
    options = {"agency": "SMS", "instrument": "SMS-WPF", "person": clerk.email}
    call_command("intake", str(path), **options)
    said = capsys.readouterr().out
    assert said.startswith("REFUSED Your files that wait to be read: 0.")
    assert count(clerk) == 0


def test_it_can_be_asked_before_the_body_has_come(instruments, agency, clerk, settings):
    limit(settings, bytes=1000)
    with scope.acting(clerk):
        assert uploads.room_for(clerk, 1000) == 1000
        with pytest.raises(OverQuota, match="does not fit"):
            uploads.room_for(clerk, 1001)


def test_of_two_who_send_at_once_one_finds_no_room(instruments, agency, clerk, settings):
    limit(settings, waiting=1)
    begun, ended = threading.Barrier(4), []

    def send(number):
        try:
            begun.wait(20)
            with scope.acting(clerk):
                uploads.receive(
                    [plain(table(1, record_ref=[str(number)]))],
                    agency=agency,
                    instrument=instruments["SMS-WPF"],
                    file_name="file.csv",
                    by=clerk,
                )
            ended.append("kept")
        except OverQuota:
            ended.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == ["kept", "refused", "refused", "refused"]
    assert len(files.incoming()) == 1


def test_a_file_larger_than_the_room_is_not_kept_whole_first(instruments, agency, clerk, settings):
    limit(settings, bytes=5 << 20)
    given = []

    def pieces():
        for _piece in range(100):
            given.append(1 << 20)
            yield b"x" * (1 << 20)

    with scope.acting(clerk), pytest.raises(OverQuota):
        uploads.receive(
            pieces(),
            agency=agency,
            instrument=instruments["SMS-WPF"],
            file_name="file.csv",
            by=clerk,
        )
    assert len(given) == 6
    assert files.incoming() == []
