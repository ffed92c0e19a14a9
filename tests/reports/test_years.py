"""The years of a dataset: periods that stay, corrections that wait, figures that become final, once."""

import io
import shutil

import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from agencies import scope
from agencies.refusal import Refused
from records.review import submissions
from reports.designs import datasets
from reports.models import Blob, Release
from reports.published import editions, figures
from reports.published.structure import NOT_BROKEN_DOWN
from reports.releases import verbs, years
from tests.reports.conftest import as_owner, draw, forgotten, rewrite

YEAR = [f"2025-{month:02}" for month in range(1, 13)]


def tables(release, **where):
    """The published tables of a release, as sets of rows; of some periods only."""
    found = {}
    for blob in Blob.objects.filter(release=release):
        rows = pq.read_table(io.BytesIO(bytes(blob.content))).to_pylist()
        found[blob.name] = {
            tuple(row.values())
            for row in rows
            if all(row.get(column, values[0]) in values for column, values in where.items())
        }
    return found


def test_what_is_out_under_a_former_name_is_not_published_anew(accept, publish, build):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[:3], 160))
    first = publish("WPF")
    with forgotten():
        rewrite(first, dataset="PERMITS")  # as if the dataset had been renamed since
        job = build("WPF")
        assert job.state == "FAILED" and "2025 (PERMITS-1)" in job.reason
    assert "2025" in years.published(datasets.datasets()["WPF"]).years


def state_of(release, year):
    content = next(y for y in release.build.years if y["code"] == year)
    return content["version"], content["is_final"]


def test_published_months_stay_when_months_are_added(accept, publish):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[:2], 160))
    first = publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", YEAR[2:5], 160, seed=2))
    second = publish("WPF")
    before = tables(first, TIME_PERIOD=YEAR[:2])["month.parquet"]
    assert before == tables(second, TIME_PERIOD=YEAR[:2])["month.parquet"]
    accept("SMS-WPF", draw("SMS-WPF", YEAR[5:6], 160, seed=3))
    third = publish("WPF")
    closed = {"QUARTER": ["2025-Q1"]}
    for name, rows in tables(second, **closed).items():
        if name != "core.parquet":
            assert rows == tables(third, **closed)[name], name


def test_subjects_of_a_quarter_are_broken_down_when_it_closes(accept, publish):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[:2], 160))
    publish("WPF")
    open_ = figures.tabulate(editions.latest("WPF"), ["REGION"])
    assert [row.codes for row in open_.rows] == [(NOT_BROKEN_DOWN,)]
    assert open_.total == figures.tabulate(editions.latest("WPF")).total
    accept("SMS-WPF", draw("SMS-WPF", YEAR[2:3], 160, seed=2))
    publish("WPF")
    closed = figures.tabulate(editions.latest("WPF"), ["REGION"])
    assert {"TM-S", "TM-A"} <= {row.codes[0] for row in closed.rows}
    assert closed.total == figures.tabulate(editions.latest("WPF")).total


def test_what_comes_after_a_later_period_is_out_waits_until_the_year_is_final(
    accept, publish, build, finish
):
    accept("SMS-WPF", draw("SMS-WPF", [YEAR[10], YEAR[11]], 160))
    first = publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", [YEAR[9]], 160, seed=2))
    waiting = build("WPF")
    assert waiting.state == "FAILED" and "made final" in waiting.reason
    assert finish("WPF", "2025").state == "DONE"
    final = Release.objects.latest("number")
    assert state_of(final, "2025") == (2, True) and state_of(first, "2025") == (1, False)
    cells = {cell for row in tables(final)["month.parquet"] for cell in row}
    assert set(YEAR[9:]) <= cells


def test_a_year_without_enough_changes_becomes_final_as_it_stands(accept, publish, finish):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    first = publish("WPF")
    assert finish("WPF", "2025").state == "DONE"
    final = Release.objects.latest("number")
    assert state_of(final, "2025") == (1, True)
    assert tables(first) == tables(final)
    again = finish("WPF", "2025")
    assert again.state == "FAILED" and "final already" in again.reason


def test_a_year_that_is_not_over_is_not_made_final(accept, publish, finish):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01", "2026-02"], 160))
    publish("WPF")
    refused = finish("WPF", "2026")
    assert refused.state == "FAILED" and "not over" in refused.reason


def test_years_do_not_move_each_other(accept, publish):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    first = publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01", "2026-02"], 160, seed=4))
    second = publish("WPF")
    for name, rows in tables(first, YEAR=["2025"]).items():
        assert rows == tables(second, YEAR=["2025"])[name], name


def test_nothing_new_is_no_new_release(accept, publish, build):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    publish("WPF")
    refused = build("WPF")
    assert refused.state == "FAILED" and "Nothing is accepted" in refused.reason


def test_a_correction_beside_a_new_month_is_invisible(accept, publish, correct):
    """Every public byte is the same, whether records that are out were corrected or not."""
    seen = []
    for corrections in (0, 7):
        with forgotten():
            first = accept("SMS-WPF", draw("SMS-WPF", YEAR[:3], 160))
            publish("WPF")
            if corrections:
                correct(first[0], corrections)
            accept("SMS-WPF", draw("SMS-WPF", YEAR[3:4], 160, seed=2))
            made = publish("WPF")
            files = Blob.objects.filter(release=made).order_by("name")
            seen.append([(blob.name, bytes(blob.content)) for blob in files])
    assert seen[0] == seen[1]


@pytest.mark.parametrize(("changed", "version"), [(49, 1), (50, 2)])
def test_a_year_is_drawn_again_if_fifty_records_changed_and_else_stays(
    accept, publish, correct, finish, changed, version
):
    first = accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    before = publish("WPF")
    correct(first[0], changed)
    assert finish("WPF", "2025").state == "DONE"
    final = Release.objects.latest("number")
    assert state_of(final, "2025") == (version, True)
    assert (tables(final) == tables(before)) == (version == 1)
    again = finish("WPF", "2025")
    assert again.state == "FAILED" and "final already" in again.reason


def test_a_release_that_nobody_saw_binds_nothing(accept, publish, correct, publisher):
    first = accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    verbs.withdraw(publish("WPF", release=False), by=publisher, reason="because")
    correct(first[0], 1)
    made = publish("WPF")
    assert state_of(made, "2025") == (1, False)
    assert {p["version"] for p in made.build.inputs if p["submission"] == first[0].pk} == {2}


def test_what_was_seen_binds_although_it_was_withdrawn(accept, publish, correct, publisher):
    first = accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    seen = publish("WPF")
    verbs.withdraw(seen, by=publisher, reason="because")
    correct(first[0], 3)
    assert tables(publish("WPF")) == tables(seen)


def with_another_code_of_age(folder, monkeypatch):
    """Put a changed dataset of permits in the place of ours, beside the others."""
    shutil.copytree(datasets.DIRECTORY, folder / "datasets")
    monkeypatch.setattr(datasets, "DIRECTORY", folder / "datasets")
    path = folder / "datasets" / "wpf.yaml"
    path.write_text(path.read_text().replace("Y_GE65", "Y65T"))


def test_a_year_of_another_design_stays_where_it_is_and_is_named(
    accept, publish, monkeypatch, tmp_path
):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    publish("WPF")
    with_another_code_of_age(tmp_path, monkeypatch)
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 160, seed=5))
    structure = editions.cited(str(publish("WPF"))).structure
    assert structure.periods == ["2026-01"] and structure.elsewhere == {"2025": "WPF-1"}


def test_what_readers_may_know_of_the_error_is_in_whole_bases_and_the_rest_is_private(
    accept, publish
):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    release = publish("WPF")
    accuracy, errors = release.structure["accuracy"], release.build.errors
    assert set(errors) == {"WPF", "T13", "T14", "T15", "T16"}
    assert all(n % 3 == 0 and n >= errors[code] for code, n in accuracy.items())
    assert editions.latest("WPF").structure.accuracy == accuracy


def test_an_open_submission_of_an_older_design_is_waited_for(
    accept, build, statistician, monkeypatch, tmp_path
):
    (first,) = accept("SMS-WPF", draw("SMS-WPF", YEAR[:1], 80))
    with scope.acting(statistician):
        submissions.advance(first, "reopen", by=statistician, reason="more came")
    with_another_code_of_age(tmp_path, monkeypatch)
    job = build("WPF")
    assert job.state == "FAILED" and "was sealed before the dataset was changed" in job.reason


@pytest.mark.parametrize("final", [False, True])
def test_a_last_month_that_comes_after_the_next_year_began_waits(accept, publish, finish, final):
    """The year is over then, so its subjects are broken down: another month would draw them a second time."""
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:11], 160))
    accept("SMS-WPF", draw("SMS-WPF", ("2026-01",), 160, seed=2))
    before = publish("WPF")
    if final:
        finish("WPF", "2025")
    accept("SMS-WPF", draw("SMS-WPF", YEAR[11:], 160, seed=3))
    accept("SMS-WPF", draw("SMS-WPF", ("2026-02",), 160, seed=4))
    after = publish("WPF")
    for name, rows in tables(before, YEAR=["2025"]).items():
        assert rows == tables(after, YEAR=["2025"])[name], name
    if not final:
        assert finish("WPF", "2025").state == "DONE"
        assert state_of(Release.objects.latest("number"), "2025") == (2, True)


@pytest.mark.parametrize("year", ["1999", "2026"])
def test_only_a_year_that_is_out_and_over_is_made_final(accept, publish, finish, year):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:], 160))
    publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", ("2026-01",), 160, seed=2))
    refused = finish("WPF", year)
    assert refused.state == "FAILED" and "cannot be made final" in refused.reason


def test_a_label_and_a_code_below_a_parent_are_no_other_tree(tmp_path):
    ours = datasets.datasets()["WPF"]
    path = tmp_path / "wpf.yaml"
    text = (datasets.DIRECTORY / "wpf.yaml").read_text()
    path.write_text(
        text.replace("Iş rugsatnamalary", "Işlemek").replace("en: Occupation", "en: Job")
    )
    assert datasets.read(path).tree == ours.tree
    path.write_text(text.replace("Y_GE65", "Y65T"))
    assert datasets.read(path).tree != ours.tree


def test_an_embargo_is_not_lifted_by_a_later_release(accept, publish, publisher):
    until = timezone.now() + timezone.timedelta(days=30)
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:11], 160))
    first = publish("WPF", release=False)
    said = {"note": "New.", "missing_acknowledged": first.missing_text}
    verbs.release(first, by=publisher, embargo_at=until, **said)
    accept("SMS-WPF", draw("SMS-WPF", YEAR[11:], 160, seed=2))
    second = publish("WPF", release=False)
    said = {"note": "New.", "missing_acknowledged": second.missing_text}
    with pytest.raises(Refused, match="embargo"):
        verbs.release(second, by=publisher, **said)
    verbs.release(second, by=publisher, embargo_at=until, **said)


def test_what_was_built_beside_another_release_is_not_released(accept, publish, publisher):
    """Both would draw the same period; the second has to be built again."""
    accept("SMS-WPF", draw("SMS-WPF", YEAR[9:11], 160))
    first = publish("WPF", release=False)
    with as_owner():
        Release.objects.filter(pk=first.pk).update(state="WITHDRAWN")
    second = publish("WPF", release=False)
    with as_owner():
        Release.objects.filter(pk=first.pk).update(state="BUILT")
    said = {"note": "New.", "missing_acknowledged": first.missing_text}
    first.refresh_from_db()
    verbs.release(first, by=publisher, **said)
    with pytest.raises(Refused, match="build again"):
        verbs.release(second, by=publisher, **said)


def test_built_and_withdrawn_and_built_again_shows_no_second_draw(accept, publish, publisher):
    accept("SMS-WPF", draw("SMS-WPF", YEAR[:3], 160))
    first = publish("WPF", release=False)
    with scope.acting(publisher):
        verbs.withdraw(first, by=publisher, reason="another look")
    second = publish("WPF", release=False)
    assert second.number == first.number + 1 and second.checksum == first.checksum


def test_other_records_share_no_seed_with_those_that_were_drawn_before(
    accept, publish, correct, publisher
):
    """One age corrected: were the seed the same, no other table would move, and the difference would name it."""
    january, *_rest = accept("SMS-WPF", draw("SMS-WPF", YEAR[:3], 160))
    first = publish("WPF", release=False)
    with scope.acting(publisher):
        verbs.withdraw(first, by=publisher, reason="a correction")
    correct(january, 1)
    second = publish("WPF", release=False)
    one, two = (tables(r)["citizenship.parquet"] for r in (first, second))
    assert one != two
