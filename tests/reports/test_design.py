"""Datasets and tables as data: what the YAML may say, and that ours says nothing impossible."""

import pytest
import yaml

from reports.designs import datasets, tables
from reports.published.structure import SEX, TIME
from standards.definitions import InvalidDefinition

WPF = yaml.safe_load((datasets.DIRECTORY / "wpf.yaml").read_text())
LABELS = {"en": "A", "ru": "А", "tk": "A"}


def written(folder, name, **changes):
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**WPF, **changes}, allow_unicode=True))
    return path


def with_dimension(name, **changes):
    return [{**d, **changes} if d["name"] == name else d for d in WPF["dimensions"]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dimensions": [d for d in WPF["dimensions"] if d["name"] != SEX]}, "the dimension SEX is never left out"),
        ({"dimensions": [d for d in WPF["dimensions"] if d["name"] != TIME]}, "the dimension TIME_PERIOD is never left out"),
        ({"dimensions": [*WPF["dimensions"], WPF["dimensions"][0]]}, "TIME_PERIOD stands twice"),
        ({"dimensions": with_dimension("AGE", derive="magic")}, "there is no word magic; choose from bands"),
        ({"dimensions": with_dimension("REGION", variable="region'--")}, "small letters"),
        ({"dimensions": with_dimension("AGE", surprise=1)}, "unknown key: surprise"),
        ({"dimensions": with_dimension("SKILL", implied_by="REGION")}, "cannot be a roll-up"),
        ({"dimensions": with_dimension("OCCUPATION", groups=[])}, "the list needs 1 or more"),
        ({"base": 1}, "1 is less than 2"),
        ({"colour": "red"}, "unknown key: colour"),
        (
            {
                "dimensions": with_dimension(
                    "AGE",
                    bands=[
                        {"code": "A", "from": 0, "to": 20, "labels": LABELS},
                        {"code": "B", "from": 20, "to": 130, "labels": LABELS},
                    ],
                )
            },
            "bands overlap",
        ),
    ],
)
def test_a_dataset_that_contradicts_itself_is_refused_in_words(tmp_path, changes, words):
    with pytest.raises(InvalidDefinition, match=words):
        datasets.read(written(tmp_path, "wpf", **changes))


def test_a_missing_part_is_named(tmp_path):
    path = tmp_path / "wpf.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in WPF.items() if k != "unit"}))
    with pytest.raises(InvalidDefinition, match="missing key: unit"):
        datasets.read(path)


def test_the_records_of_an_instrument_are_published_in_one_dataset_only(tmp_path):
    written(tmp_path, "one")
    written(tmp_path, "two", code="WPF2")
    with pytest.raises(InvalidDefinition, match="records are published in one dataset only"):
        datasets.datasets(tmp_path)


@pytest.mark.parametrize("code", datasets.datasets())
def test_every_value_has_a_code_and_every_code_a_label(code):
    for source in datasets.datasets()[code].dimensions:
        if source.derive in ("sex", "period"):
            continue
        codes = {item.code for item in source.items()}
        assert {source.code_of(value) for value in source.values()} <= codes
        assert source.code_of(None) in codes
        assert all(item.labels["en"] for item in source.items())


@pytest.mark.parametrize("code", datasets.datasets())
def test_a_roll_up_never_stands_beside_what_implies_it_but_has_margins_of_its_own(code):
    dataset = datasets.datasets()[code]
    named = [{dataset.names[k] for k in margin} for margin in dataset.margins()]
    for source in dataset.dimensions:
        assert {source.name} in named
        if source.implied_by:
            assert not any({source.name, source.implied_by} <= margin for margin in named)


def test_a_changed_dimension_is_another_design_and_a_changed_label_is_not(tmp_path):
    ours = datasets.datasets()["WPF"].design
    whole = [{"code": "ALL", "rest": "the whole country", "labels": LABELS}]
    relabelled = datasets.read(written(tmp_path, "a", title=LABELS))
    regrouped = datasets.read(
        written(tmp_path, "b", dimensions=with_dimension("REGION", derive="groups", groups=whole))
    )
    assert relabelled.design == ours
    assert regrouped.design != ours
