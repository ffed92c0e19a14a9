"""Exact cells: nobody is lost or counted twice between a record and the cube."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import scope
from jobs import queue, worker
from records.models import Record, Submission
from records.review import steps, submissions
from reports.designs import datasets
from reports.exact import cube, slices
from reports.exact.private_files import private
from reports.models import Slice
from reports.published.structure import SEX, TIME
from reports.releases.numbering import Numbering
from tests.reports.conftest import DATASETS, SAID, draw, forgotten

with_database = settings(
    max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PERIODS = {"SMS-WPF": ["2026-01", "2026-02"], "SMS-BCR": ["2026-01"], "STA-SLP": ["2026-Q1"]}


def rows_of(code):
    columns, extras = SAID[code]
    one_of = lambda options: {name: st.sampled_from(values) for name, values in options.items()}
    return st.lists(
        st.fixed_dictionaries(
            {
                "period": st.sampled_from(PERIODS[code]),
                "sex": st.sampled_from(["F", "M", "_U", "_N", "_O"]),
                "age": st.none() | st.integers(0, 120),
                **one_of(columns),
                "extras": st.fixed_dictionaries(one_of(extras)),
            }
        ),
        min_size=1,
        max_size=60,
    )


def plain(dataset, row):
    """The codes of one record, worked out record by record."""
    codes = []
    for source in dataset.recorded:
        if source.derive == "sex":
            codes.append(row["sex"] if row["sex"] in ("F", "M") else "_OU")
        elif source.derive == "period":
            codes.append(row["period"])
        elif source.derive == "bands":
            codes.append(source.code_of(row["age"]))
        else:
            value = row.get(source.variable, row["extras"].get(source.variable))
            codes.append(source.code_of(value))
    return tuple(codes)


def counted(table, names):
    keys = zip(*(table[name].to_pylist() for name in names), strict=True) if names else None
    counts = table[cube.COUNT].to_pylist()
    found = Counter()
    for key, n in zip(keys or [()] * len(counts), counts, strict=True):
        found[key] += n
    return found


@pytest.mark.parametrize("code", DATASETS)
@with_database
@given(data=st.data())
def test_every_table_of_the_exact_cube_is_a_plain_count_of_the_records(code, data, submit):
    dataset = datasets.datasets()[code]
    names = [source.name for source in dataset.recorded]
    rows = data.draw(rows_of(dataset.instrument))
    with forgotten():
        exact = cube.add_up(
            [slices.exact_cells(s, dataset) for s in submit(dataset.instrument, rows)], names
        )
    every = [plain(dataset, row) for row in rows]
    for depth in range(len(names) + 1):
        for places in combinations(range(len(names)), depth):
            truth = Counter(tuple(codes[k] for k in places) for codes in every)
            assert counted(exact, [names[k] for k in places]) == truth


@with_database
@given(st.lists(st.sampled_from(["F", "M", "_U", "_N", "_O"]), min_size=1, max_size=40))
def test_unknown_sex_is_never_dropped(submit, sexes):
    dataset = datasets.datasets()["WPF"]
    rows = [{**draw("SMS-WPF", ["2026-01"], 1, seed=k)[0], "sex": s} for k, s in enumerate(sexes)]
    with forgotten():
        (submission,) = submit("SMS-WPF", rows)
        found = counted(slices.exact_cells(submission, dataset), [SEX])
    assert found[("_OU",)] == sum(sex not in ("F", "M") for sex in sexes)
    assert sum(found.values()) == len(sexes)


def test_sealing_twice_gives_equal_bytes_and_one_row(accept, private_files):
    (submission,) = accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 40))
    one = Slice.objects.get()
    before = private(one.path).read_bytes()
    job = queue.find(f"seal:{submission.pk}:1")
    with scope.working(job.agencies):
        slices.seal(job)
    assert Slice.objects.get().sha256 == one.sha256
    assert private(one.path).read_bytes() == before


def test_a_slice_is_private_on_disk(accept):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 5))
    file = private(Slice.objects.get().path)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda file: file.unlink(), "is missing"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1] + b"x"), "was changed"),
    ],
)
def test_a_harmed_slice_is_refused_in_words(accept, build, harm, words):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 5))
    harm(private(Slice.objects.get().path))
    job = build("WPF")
    assert job.state == "FAILED"
    assert words in job.reason
    assert "Restore it from the backup" in job.reason


def test_a_submission_that_is_open_again_is_not_sealed(submit, lead, statistician):

    (submission,) = submit("SMS-WPF", draw("SMS-WPF", ["2026-01"], 5))
    lead(submission, sealed=False)
    job = queue.find(f"seal:{submission.pk}:1")
    Submission.objects.filter(pk=submission.pk).update(state="DRAFT", version=2)
    assert worker.work(job.pk).state == "FAILED"
    assert not Slice.objects.exists()
    assert "reopen" in steps.STEPS


def test_an_older_slice_stays_in_force_until_the_next_acceptance(
    accept, lead, submit, statistician
):

    dataset = datasets.datasets()["WPF"]
    (submission,) = accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 5))
    with scope.acting(statistician):
        submissions.advance(submission, "reopen", by=statistician, reason="more came")
        assert [s.version for s in cube.slices_in_force(dataset)] == [1]
    submit("SMS-WPF", draw("SMS-WPF", ["2026-01"], 4, seed=9))
    submission.refresh_from_db()
    with scope.acting(statistician):
        assert (
            cube.exact_of(dataset)[cube.COUNT].to_pylist()
            and sum(cube.exact_of(dataset)[cube.COUNT].to_pylist()) == 5
        )
    lead(submission)
    with scope.acting(statistician):
        assert [s.version for s in cube.slices_in_force(dataset)] == [2]
        assert sum(cube.exact_of(dataset)[cube.COUNT].to_pylist()) == 9


def test_a_code_that_the_structure_lacks_is_an_error_not_a_loss(submit):
    dataset = datasets.datasets()["WPF"]
    (submission,) = submit("SMS-WPF", draw("SMS-WPF", ["2026-01"], 3))
    cells = slices.exact_cells(submission, dataset)
    with pytest.raises(KeyError):
        Numbering.of(dataset, ["2025-12"]).numbers(cells, [TIME])


def test_a_submission_without_records_has_an_empty_slice(submit, lead):
    (submission,) = submit("SMS-WPF", draw("SMS-WPF", ["2026-01"], 1))
    Record.objects.all().delete()
    lead(submission, empty=True)
    assert Slice.objects.get().records == 0
