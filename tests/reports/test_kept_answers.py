"""Large answers are made once, kept, bounded, and never made by more than a few at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import vl_convert
from django.test import Client

from reports.charts import drawing
from reports.charts.kinds import kinds_of
from reports.pages import chart_figures
from reports.published import caching, editions, figures, kept
from reports.published.unavailable import Busy
from standards.translation import active_language

V1 = "/figures/api/v1"
ALL = "by=QUARTER,DECISION,REGION,ACTIVITY"
TAG = '"0123456789abcdef0123456789abcdef"'


@pytest.fixture
def many(monkeypatch):
    """Let every answer count as a large one."""
    monkeypatch.setattr(kept, "FEW_ROWS", 0)


def read(tag, make, room=kept.TABLES):
    with kept.answer(tag, make, room) as file:
        return file.read()


def answers():
    return sorted((kept._folder()).glob("*.answer"))


def test_a_page_draws_nothing(client, released, monkeypatch):
    def refuse(*_spec, **_options):
        raise AssertionError("drawn")

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", refuse)
    for dataset in released:
        page = client.get(f"/figures/?dataset={dataset}")
        assert page.status_code == 200
        assert b"<img" in page.content


@pytest.mark.parametrize("width", drawing.WIDTHS)
@pytest.mark.parametrize("dataset", ["WPF", "BCR", "SLP"])
def test_the_size_of_a_chart_is_that_of_its_drawing(released, dataset, width):
    edition = editions.latest(dataset)
    kinds = kinds_of(edition.structure)
    told = 0
    for kind in kinds.values():
        table = kind.table(edition, {})
        canvas = drawing.Canvas(drawing.WIDTHS[width], drawing.COLOURS["dark"], active_language())
        spec = kind.spec(table, canvas)
        if spec is None:  # nothing of it is told apart
            assert chart_figures.sizes(kind, table)[width] == (0, 0)
            continue
        told += 1
        drawn = drawing.draw(spec, canvas).decode()
        wide, high = drawing.size(spec)
        assert "<svg" in drawn and f' width="{wide}" height="{high}"' in drawn[:400]
        assert chart_figures.sizes(kind, table)[width] == (wide, high)
    assert told >= 4


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_large_file_is_made_once_and_has_the_same_bytes(client, permits, many, suffix):
    address = f"/figures/data/WPF.{suffix}?{ALL}"
    first = client.get(address)
    assert first.status_code == 200 and len(answers()) == 1
    again = client.get(f"{address}&utm_source=letter")
    assert again.content == first.content and again["ETag"] == first["ETag"]
    assert again["Content-Disposition"] == first["Content-Disposition"]
    assert len(answers()) == 1
    known = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert known.status_code == 304 and known.content == b""
    assert client.get(f"{address}&lang=ru").content != first.content
    assert len(answers()) == 2


def test_a_large_page_of_the_api_is_made_once_and_is_what_it_was(client, permits, monkeypatch):
    address = f"{V1}/datasets/WPF/data?{ALL}&limit=2&offset=1"
    small = client.get(address).json()
    monkeypatch.setattr(kept, "FEW_ROWS", 0)
    large = client.get(address)
    assert large.json() == small and len(answers()) == 1
    assert large["Content-Type"] == "application/json"
    assert client.get(address).content == large.content
    assert client.get(address, headers={"If-None-Match": large["ETag"]}).status_code == 304
    assert client.get(small["next"]).json()["rows"] != small["rows"]


def test_eight_who_ask_at_once_wait_for_one_maker(settings, monkeypatch):
    monkeypatch.setattr(kept, "TABLES", room := kept.Room("eight", 2, 8))
    made = []

    def make():
        made.append(1)
        time.sleep(0.3)
        return b"answer"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _k: read(TAG, make, room), range(8)))
    assert found == [b"answer"] * 8
    assert len(made) == 1


def test_no_more_are_made_at_once_than_is_set(settings):
    room, lock, now, most = kept.Room("two", 2, 6), threading.Lock(), [0], [0]

    def make():
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.2)
        with lock:
            now[0] -= 1
        return b"x"

    tags = [f'"{k:08x}{"0" * 24}"' for k in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda tag: read(tag, make, room), tags))
    assert most[0] == 2


def test_one_asker_too_many_is_told_to_come_back_on_every_road(client, permits, many, monkeypatch):
    monkeypatch.setattr(kept, "TABLES", kept.Room("none", 1, 1))
    full = kept.TABLES
    monkeypatch.setattr(kept.answer, "__defaults__", (full,))
    with full.entered():
        for address in (f"/figures/data/WPF.xlsx?{ALL}", f"{V1}/datasets/WPF/data?{ALL}"):
            response = client.get(address)
            assert response.status_code == 503, address
            assert response["Retry-After"] == str(Busy.seconds)
            assert b"Please ask again in 5 seconds" in response.content
        assert client.get("/figures/tables/T14/").status_code == 200
    assert client.get(f"/figures/data/WPF.xlsx?{ALL}").status_code == 200


def test_a_maker_that_fails_leaves_its_place_to_the_next(settings):
    room = kept.Room("fails", 1, 1)
    for _k in range(2):
        with pytest.raises(ZeroDivisionError):
            kept.answer(TAG, lambda: bytes(1 // 0), room)
    assert read(TAG, lambda: b"x", room) == b"x"


@pytest.mark.parametrize("harm", ["cut", "changed", "emptied", "of another question"])
def test_a_kept_answer_that_was_harmed_is_made_again(harm):
    kept.answer(TAG, lambda: b"the answer").close()
    (file,) = answers()
    content = file.read_bytes()
    if harm == "of another question":
        kept.answer(TAG.replace("0", "1"), lambda: b"another answer").close()
        content = next(path for path in answers() if path != file).read_bytes()
    harmed = {
        "cut": content[:-1],
        "changed": content[:-1] + b"X",
        "emptied": b"",
        "of another question": content,
    }
    file.write_bytes(harmed[harm])
    assert read(TAG, lambda: b"the answer") == b"the answer"


def test_what_nobody_asked_for_longest_goes_first(settings):
    settings.ANSWERS_LIMIT = 3 * 10_000
    tags = [f'"{k:032x}"' for k in range(4)]
    for tag in tags[:2]:
        kept.answer(tag, lambda: b"x" * 9_000).close()
        time.sleep(0.02)
    kept.answer(tags[0], lambda: b"never").close()  # asked for again
    for tag in tags[2:]:
        time.sleep(0.02)
        kept.answer(tag, lambda: b"x" * 9_000).close()
    left = {path.name[:32] for path in answers()}
    assert left == {tags[k].strip('"') for k in (0, 2, 3)}


def test_without_room_on_the_disk_an_answer_is_given_all_the_same(monkeypatch, caplog):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert read(TAG, lambda: b"x") == b"x"
    assert "an answer is not kept" in caplog.text
    assert not list(kept._folder().glob("*.part"))


def test_a_question_that_is_too_large_is_refused_in_words_before_it_is_added_up(
    client, permits, monkeypatch
):
    monkeypatch.setattr(figures, "most_rows", lambda *_question: 3_000_000)
    monkeypatch.setattr(figures, "tabulate", lambda *_question: pytest.fail("added up"))
    for address in (f"/figures/data/WPF.csv?{ALL}", f"/figures/data/WPF.xlsx?{ALL}"):
        response = client.get(address)
        assert response.status_code == 400
        assert b"may have 3000000 rows" in response.content
        assert b"/figures/api/v1/releases/WPF-1/activity.parquet" in response.content
    problem = client.get(f"{V1}/datasets/WPF/data?{ALL}")
    assert problem.status_code == 400 and problem.json()["parameter"] == "by"


def test_a_withdrawn_release_is_not_served_from_what_was_kept(permits, many, publisher):
    from reports.releases import verbs

    address = f"/figures/data/WPF.csv?{ALL}&release=WPF-1"
    assert Client().get(address).status_code == 200
    assert answers()
    verbs.withdraw(permits, by=publisher, reason="because")
    assert Client().get(address).status_code == 410


def test_a_large_answer_is_read_while_it_is_sent(client, permits, many, monkeypatch):
    whole = client.get(f"/figures/data/WPF.csv?{ALL}").content
    monkeypatch.setattr(caching, "WHOLE", 100)
    response = client.get(f"/figures/data/WPF.csv?{ALL}")
    assert response.streaming and response["Content-Length"] == str(len(whole))
    assert response.getvalue() == whole


def test_charts_that_a_process_remembers_are_those_of_the_question_and_the_language(
    client, released
):
    address = "/figures/?dataset=BCR&traveller=NAT"
    chart_figures.charts_of.cache_clear()
    first, other = client.get(address), client.get("/figures/?dataset=BCR&traveller=FOR")
    russian = client.get(address, headers={"Accept-Language": "ru"})
    assert chart_figures.charts_of.cache_info().misses == 3
    again = client.get(address)
    assert chart_figures.charts_of.cache_info().hits == 1
    charts = [r.content.decode().split("<figure")[1] for r in (first, again, other, russian)]
    assert charts[0] == charts[1] and len(set(charts)) == 3
