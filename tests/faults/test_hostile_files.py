"""Every row of bad input: refused with what, where and what to do; nothing stored; the worker alive."""

import os
import resource
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agencies import scope
from jobs.models import Job
from records.models import HeldRow, Record, Submission
from records.reading import forked
from tests.cast import signed_in
from tests.faults.hostile import HOSTILE, external
from tests.records.files import (
    finish,
    incoming,
    opened,
    plain,
    rows_of,
    table,
    text,
    workbook,
    xlsx,
)
from tests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)
seen_by_root = pytest.mark.skipif(os.getuid() != 0, reason="only root looks into a reader")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_and_leaves_nothing(name, send, clerk):
    content, code, words = HOSTILE[name]
    upload = send(content() if callable(content) else content, name=f"{name}.csv")
    assert (upload.state, upload.report["refusal"]["code"]) == ("REFUSED", code or "unreadable")
    assert words.lower() in upload.reason.lower()
    assert set(upload.report["refusal"]["message"]) == {"en", "ru", "tk"}
    with scope.acting(clerk):
        kept = [m._default_manager.count() for m in (Record, HeldRow, Submission)]
    assert kept == [0, 0, 0]
    assert incoming() == []


def test_after_a_hostile_file_the_next_one_is_taken_in(send):
    send(HOSTILE["cells A1 and XFD1048576"][0])
    assert send(plain(table(2))).state == "COMMITTED"


def test_a_hostile_file_does_not_fill_the_memory_of_the_worker(send):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    send(HOSTILE["a cell of ten megabytes"][0])
    send(HOSTILE["cells A1 and XFD1048576"][0])
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 100 * 1024


def test_links_to_other_files_are_not_followed(send):
    assert send(external(), name="a.xlsx").state == "COMMITTED"


def test_formulas_and_markup_are_kept_as_texts(send, clerk):
    nasty = ["=HYPERLINK(0)", "+1", "@SUM(1)", "-2+3|cmd", "<script>alert(1)</script>", "{{7*7}}"]
    send(plain(table(len(nasty), citizenship=nasty)))
    with scope.acting(clerk):
        assert [h.raw["citizenship"] for h in HeldRow.open_rows.order_by("row_no")] == nasty


def test_f7_what_was_sent_is_served_nowhere(send, clerk):
    """F7: no address answers with the bytes of an upload: only its report, as a page of our own."""
    upload = send(plain(table(3, sex=["1", "2", "1"])))  # its file still waits, for answers
    (path,) = incoming()
    browser = signed_in(clerk)
    page = browser.get(upload.get_absolute_url())
    assert page["Content-Type"].startswith("text/html")
    assert page["X-Content-Type-Options"] == "nosniff"
    assert path.name not in page.content.decode()
    for address in (
        path.name,
        f"media/{path.name}",
        f"uploads/{path.name}",
        f"incoming/{path.name}",
    ):
        assert browser.get(f"/{address}").status_code == 404


def test_a_row_with_another_number_of_cells_is_held_and_says_so(send, clerk):
    head, *rows = table(3)
    send(plain([head, rows[0], [*rows[1], "surplus"], rows[2][:-2]]))
    with scope.acting(clerk):
        held = {h.row_no: [f["rule"] for f in h.findings] for h in HeldRow.open_rows.all()}
    assert held == {3: ["row.width"], 4: ["valid_from.missing", "valid_to.missing"]}


@pytest.mark.parametrize("shift", [lambda row: ["surplus", *row], lambda row: row[1:]])
def test_of_a_row_whose_cells_have_moved_nothing_is_kept(shift, send, clerk):
    head, first, second = table(2, фамилия="Zxq")
    send(plain([head, first, shift(second), first]))
    with scope.acting(clerk):
        (held,) = HeldRow.open_rows.all()
    assert (held.row_no, held.raw) == (3, {})
    assert [f["rule"] for f in held.findings] == ["row.width"]


def test_a_file_of_another_instrument_is_recognised(send):
    upload = send(plain(table(2)), "SMS-BCR")
    assert upload.report["refusal"]["code"] == "other_instrument"
    assert (
        "“Work permits for foreigners (SMS-WPF)”, not of “Border crossings (SMS-BCR)”"
        in upload.reason
    )
    assert "Direction" in upload.reason


def test_the_child_is_ended_whatever_happens(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(plain(table(50_000)))
    reading = workbook(path)
    next(reading.batches())
    reading.close()
    with pytest.raises(ProcessLookupError):
        os.kill(reading.process.pid, 0)


def test_a_child_that_is_killed_is_a_refusal(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(plain(table(100_000)))
    reading = workbook(path)
    blocks = reading.batches()
    next(blocks)
    reading.process.kill()
    assert list(blocks) is not None
    assert reading.refusal.code == "bomb"
    reading.close()


def test_a_child_that_runs_out_of_memory_is_a_refusal(tmp_path):
    path = tmp_path / "file"
    long_texts = [secrets.token_hex(5000) for _row in range(4000)]
    path.write_bytes(xlsx(A=table(4000, note=long_texts)))
    reading = workbook(path, memory_mb=150)
    assert reading.refusal.code == "bomb"
    reading.close()


@seen_by_root
def test_the_child_knows_no_secret_and_writes_no_file(tmp_path, settings):
    path = tmp_path / "file"
    path.write_bytes(plain(table(100_000)))
    reading = workbook(path)
    environment = Path(f"/proc/{reading.process.pid}/environ").read_text()
    reading.close()
    variables = dict(line.split("=", 1) for line in environment.strip("\0").split("\0"))
    assert variables["TZ"] == settings.TIME_ZONE  # its day is the day of the portal
    assert {"PATH", "LANG"} < variables.keys()
    assert not [name for name in variables if "SECRET" in name or "URL" in name]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16"])
def test_a_file_of_many_blocks_is_the_same_in_every_encoding(encoding, tmp_path):
    rows = table(30_000, citizenship=["Турция", "Китай"])
    source = opened(text(rows, ";").encode(encoding), tmp_path)
    found = rows_of(source)
    assert [row["_row"] for row in found] == list(range(2, 30_002))
    assert {row["citizenship"] for row in found} == {"Турция", "Китай"}


@seen_by_root
def test_a_file_whose_reader_ended_with_its_server_is_read_again_and_not_refused(send, clerk):
    send(plain(table(1)))
    server = forked._servers[0].process

    def end_while_it_reads():
        links = Path(f"/proc/{server.pid}/fd")
        until(lambda: sum(link.is_socket() for link in links.iterdir()) == 2)
        server.kill()

    with ThreadPoolExecutor(1) as other:
        ending = other.submit(end_while_it_reads)
        upload = send(plain(table(12_000, record_ref=[f"S-{k}" for k in range(12_000)])))
        ending.result()
    assert upload.state in ("RECEIVED", "COMMITTED")  # the latter where no reader was made yet
    Job.objects.update(lease_until=None)  # the pause before the next attempt is over
    again = finish(upload, by=clerk)
    assert (again.state, again.report["rows"]["accepted"]) == ("COMMITTED", 12_000)
