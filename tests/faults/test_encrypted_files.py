"""Files on their way to a worker cannot be read by who finds them, and do not stay."""

import os
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agencies import scope
from jobs.models import Job
from records import tasks
from records.collection import unwanted, uploads
from records.models import Upload
from records.reading import child, encrypted_file
from records.reading.encrypted_file import FRAME, TAG
from tests.records import files
from tests.records.files import plain, table

PASSPORT = "I-AS 7731945"
SECRET = b"a secret of this test"
asking = {"sex": ["1", "2", "1"], "passport": PASSPORT}


def clear(path, secret=SECRET):
    with encrypted_file.opened(path, secret) as sealed, sealed.open() as file:
        return file.read()


def found_on_disk():
    return any(PASSPORT.encode() in path.read_bytes() for path in files.incoming())


edges = st.sampled_from([0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 17])


@given(size=edges, piece=st.sampled_from([7919, FRAME, 3 * FRAME]))
def test_what_is_sealed_comes_out_whole(size, piece, tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "name"
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    encrypted_file.encrypt((content[k : k + piece] for k in range(0, size, piece)), path, SECRET)
    assert clear(path) == content
    assert path.stat().st_size == size + max(1, -(-size // FRAME)) * TAG


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b[:-1],
        lambda b: b[: FRAME + TAG],  # a whole frame is missing at the end
        lambda b: b"",
        lambda b: b[FRAME + TAG :] + b[: FRAME + TAG],
        lambda b: b[:9] + bytes([b[9] ^ 1]) + b[10:],
        lambda b: b + b"x",
    ],
)
def test_a_sealed_file_that_was_changed_is_not_opened(change, tmp_path):
    path = tmp_path / "name"
    encrypted_file.encrypt([b"x" * 2 * FRAME], path, SECRET)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InvalidTag):
        clear(path)


def test_a_sealed_file_opens_only_with_its_secret_and_under_its_name(tmp_path):
    path = tmp_path / "name"
    encrypted_file.encrypt([b"text"], path, SECRET)
    with pytest.raises(InvalidTag):
        clear(path, b"another secret")
    with pytest.raises(InvalidTag):
        clear(path.rename(tmp_path / "other"))


@given(places=st.lists(st.tuples(st.integers(0, 3 * FRAME), st.integers(0, FRAME + 9)), max_size=9))
def test_it_is_read_anywhere_without_a_clear_copy(places, tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "name"
    content = os.urandom(2 * FRAME + 99)
    encrypted_file.encrypt([content], path, SECRET)
    with encrypted_file.opened(path, SECRET) as sealed, sealed.open() as file:
        for place, size in places:
            file.seek(place)
            assert file.read(size) == content[place : place + size]
        assert file.seek(0, os.SEEK_END) == len(content)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_of_an_earlier_secret_opens_beside_the_new_one(tmp_path):
    path = tmp_path / "name"
    encrypted_file.encrypt([b"text"], path, SECRET)
    with encrypted_file.opened(path, b"new", SECRET) as sealed, sealed.open() as file:
        assert file.read() == b"text"


def test_a_file_that_is_being_written_is_known_by_its_lock(tmp_path):
    path = tmp_path / "name"
    sealing = encrypted_file.Sealing(path, SECRET)
    assert encrypted_file.is_being_written(path)
    sealing.close()
    assert not encrypted_file.is_being_written(path)


@pytest.mark.django_db(transaction=True)
class TestOnTheWay:
    def test_nobody_reads_it_while_questions_are_open(self, send):
        assert send(plain(table(3, **asking))).state == "NEEDS_ANSWERS"
        assert len(files.incoming()) == 1
        assert not found_on_disk()

    def test_nobody_reads_it_after_the_work_has_failed(self, send, monkeypatch, clerk):
        monkeypatch.setattr(child, "Limits", None)  # any bug
        upload = send(plain(table(3, **asking)))
        Job.objects.update(state="FAILED")
        with scope.acting(clerk):
            assert Upload.objects.select_related("job").get(pk=upload.pk).outcome == "FAILED"
        assert len(files.incoming()) == 1
        assert not found_on_disk()

    def test_it_is_gone_after_it_was_taken_in(self, send, clerk):
        upload = send(plain(table(3, **asking)))
        with scope.acting(clerk):
            uploads.read(upload, by=clerk, answers={"sex_codes": {"1": "F", "2": "M"}})
        assert files.finish(upload, by=clerk).state == "COMMITTED"
        assert files.incoming() == []

    def test_files_of_many_frames_are_read(self, send):
        content = plain(table(12000, region=["TM-S" + " " * 99]))
        assert len(content) > 2 * FRAME
        assert send(content).report["rows"]["accepted"] == 12000
        assert send(files.xlsx(A=table(3, record_ref=["a", "b", "c"]))).state == "COMMITTED"


def age(path, days):
    then = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))


@pytest.mark.django_db(transaction=True)
class TestExpiry:
    def test_a_file_without_an_upload_goes_after_an_hour(self, send):
        send(plain(table(3, **asking)))
        (waiting,) = files.incoming()
        fresh, orphan = waiting.with_name("fresh"), waiting.with_name("orphan")
        fresh.write_bytes(b""), orphan.write_bytes(b"")
        slow = encrypted_file.Sealing(waiting.with_name("slow"), SECRET)
        (
            age(waiting, 13),
            age(orphan, 1.1 / 24),
            age(fresh, 0.9 / 24),
            age(fresh.with_name("slow"), 2),
        )
        tasks.expire()
        assert set(files.incoming()) == {waiting, fresh, fresh.with_name("slow")}
        slow.close()
        tasks.expire()
        assert set(files.incoming()) == {waiting, fresh}

    def test_a_file_whose_job_gave_up_goes_after_a_day(self, send, clerk):
        upload = send(plain(table(3, **asking)))
        with scope.acting(clerk):
            Upload.objects.update(state="RECEIVED")
        (path,) = files.incoming()
        age(path, 2)
        unwanted.expire()
        assert files.incoming() == [path]  # it waits for its worker
        Job.objects.filter(pk=upload.job_id).update(state="FAILED")
        unwanted.expire()
        assert files.incoming() == [path]  # whoever looks into it has a day
        then = timezone.now() - timedelta(days=1.1)
        Job.objects.filter(pk=upload.job_id).update(finished_at=then)
        unwanted.expire()
        assert files.incoming() == []

    def test_questions_that_nobody_answers_end_the_upload(self, send, clerk, client):
        upload = send(plain(table(3, **asking)))
        for days, state in ((13, "NEEDS_ANSWERS"), (15, "REFUSED")):
            then = timezone.now() - timedelta(days=days)
            Job.objects.filter(pk=upload.job_id).update(finished_at=then)
            unwanted.expire()
            with scope.acting(clerk):
                assert Upload.objects.get().state == state
        assert files.incoming() == []
        client.force_login(clerk)
        page = client.get(upload.get_absolute_url()).content.decode()
        assert "not answered within 14 days" in page

    def test_there_may_be_no_folder_yet(self, agency):
        unwanted.expire()
