"""Datasets and tables as data: what the YAML may say, and that ours says nothing impossible."""

import pytest
import yaml

from records.instruments import reader
from reports.designs import consistency, datasets, tables
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


def with_bands(*bands):
    """The dimensions with other bands of wages: code, from, to below."""
    said = [{"code": c, "from": first, "labels": LABELS} for c, first, _below in bands]
    for band, (_code, _first, below) in zip(said, bands, strict=True):
        band |= {"below": below} if below is not None else {}
    return with_dimension("WAGE", amounts=said)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"dimensions": [d for d in WPF["dimensions"] if d["name"] != SEX]},
            "the dimension SEX is never left out",
        ),
        (
            {"dimensions": [d for d in WPF["dimensions"] if d["name"] != TIME]},
            "the dimension TIME_PERIOD is never left out",
        ),
        ({"dimensions": [*WPF["dimensions"], WPF["dimensions"][0]]}, "TIME_PERIOD stands twice"),
        (
            {"dimensions": with_dimension("AGE", derive="magic")},
            "there is no word magic; choose from amounts, bands",
        ),
        ({"dimensions": with_dimension("REGION", variable="region'--")}, "small letters"),
        ({"dimensions": with_dimension("AGE", surprise=1)}, "unknown key: surprise"),
        ({"dimensions": with_dimension("SKILL", implied_by="REGION")}, "cannot be a roll-up"),
        ({"dimensions": with_dimension("OCCUPATION", groups=[])}, "the list needs 1 or more"),
        ({"base": 1}, "1 is less than 2"),
        ({"dimensions": with_bands(("A", 0, 10), ("B", 20, None))}, "this one must begin with 10"),
        ({"dimensions": with_bands(("A", 5, 10), ("B", 10, None))}, "this one must begin with 0"),
        ({"dimensions": with_bands(("A", 0, None), ("B", 10, None))}, "the one before has no end"),
        ({"dimensions": with_bands(("A", 0, 10), ("B", 10, 20))}, "the last band has no end"),
        ({"dimensions": with_bands(("A", 0, 10), ("_U", 10, None))}, "_U is no band"),
        (
            {"dimensions": with_dimension("WAGE", codelist="currencies")},
            "derived as amounts has no codelist",
        ),
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


def groups_of(name):
    return next(d["groups"] for d in WPF["dimensions"] if d["name"] == name)


def headline(**where):
    return {"headline": {"labels": LABELS, "where": where}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dimensions": with_dimension("OCCUPATION", groups=groups_of("OCCUPATION")[1:])}, "dimensions.OCCUPATION.groups: codes that lie in no group: 1, 11, 12"),
        ({"dimensions": with_dimension("DECISION", groups=groups_of("DECISION")[:1])}, "codes that lie in no group: APP"),
        ({"dimensions": with_dimension("OCCUPATION", groups=[*groups_of("OCCUPATION"), {"code": "X", "codes": ["71"], "labels": LABELS}])}, "groups.X: the code 71 belongs to OC7, too"),
        ({"dimensions": with_dimension("OCCUPATION", groups=[*groups_of("OCCUPATION"), {"code": "X", "parents": ["77"], "labels": LABELS}])}, "groups.X.parents: there is no code 77"),
        ({"dimensions": with_dimension("OCCUPATION", groups=[*groups_of("OCCUPATION"), {"code": "X", "labels": LABELS}])}, "a group needs codes, parents or rest"),
        ({"dimensions": with_dimension("DECISION", groups=[{"code": "_U", "rest": "unknown", "labels": LABELS}])}, "never counted as not stated"),
        ({"dimensions": with_dimension("CITIZENSHIP_GROUP", keep=["TUR", "TRK"])}, "CITIZENSHIP_GROUP.keep: there is no code TRK"),
        ({"dimensions": with_dimension("CITIZENSHIP", codelist="country")}, "codelist: there is no word country"),
        ({"dimensions": with_dimension("REGION", keep=["TM-S"])}, "REGION.keep: a dimension derived as code has no keep"),
        ({"dimensions": with_dimension("REGION", derive="sex")}, "SEX, and nothing else, is derived as sex"),
        ({"dimensions": with_dimension("AGE", bands=[{"code": "A", "from": 0, "to": 99, "labels": LABELS}])}, "the last band must end with 130"),
        ({"dimensions": with_dimension("AGE", bands=[{"code": "A", "from": 5, "to": 130, "labels": LABELS}])}, "this one must begin with 0"),
        (headline(DECISIONS=["GRANTED"]), "headline.where.DECISIONS: there is no dimension DECISIONS"),
        (headline(DECISION=["GRANTD"]), "there is no code GRANTD; choose from GRANTED, OTHER"),
        (headline(SEX=["F"]), "there is no dimension SEX"),
        ({"charts": ["DECISIONS"]}, "charts: there is no dimension of its own DECISIONS"),
        ({"charts": ["AGE"]}, "charts: there is no dimension of its own AGE"),
        ({"origin_destination": ["REGION", "SEX"]}, "origin_destination: there is no dimension SEX"),
        ({"origin_destination": ["REGION", "OCCUPATION"]}, "origin_destination: no table of the family has both"),
        ({"origin_destination": ["REGION"]}, "the list needs 2 or more"),
    ],
)  # fmt: skip
def test_codes_that_no_group_covers_are_never_counted_silently(tmp_path, changes, words):
    with pytest.raises(InvalidDefinition) as refused:
        datasets.read(written(tmp_path, "wpf", **changes))
    assert words in str(refused.value)


def test_a_new_code_below_a_parent_is_counted_with_it():
    occupation = next(d for d in datasets.datasets()["WPF"].dimensions if d.name == "OCCUPATION")
    assert {occupation.code_of(code) for code in ("7", "71", "72", "75")} == {"OC7"}


def test_a_headline_names_the_codes_that_are_counted(tmp_path):
    dataset = datasets.read(written(tmp_path, "wpf", **headline(DECISION=["GRANTED"])))
    assert dataset.headline.where == {"DECISION": ("GRANTED",)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("dataset: WPF", "dataset: WFP", "line 4: dataset: there is no dataset WFP; choose from AMT, AST, ASY, BCR, BEN, CON, EMP, INF, INJ, JOB, NAT, OUT, …; did you mean WPF?"),
        ("by: [OCCUPATION", "by: [OCUPATION", "by: there is no dimension OCUPATION"),
        ("by: [OCCUPATION", "by: [SEX, OCCUPATION", "by: there is no dimension SEX"),
        ("by: [OCCUPATION", "where: {DECISION: [NO_SUCH]}\nby: [OCCUPATION", "where.DECISION: there is no code NO_SUCH"),
    ],
)  # fmt: skip
def test_a_table_that_asks_for_what_its_dataset_lacks_is_refused(tmp_path, old, new, words):
    text = (tables.DIRECTORY / "t14.yaml").read_text()
    assert old in text
    (tmp_path / "t14.yaml").write_text(text.replace(old, new))
    with pytest.raises(InvalidDefinition) as refused:
        tables.tables(tmp_path)
    assert words in str(refused.value)


def test_two_tables_of_one_code_are_refused(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text((tables.DIRECTORY / "t14.yaml").read_text())
    with pytest.raises(InvalidDefinition, match="another file has this code"):
        tables.tables(tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"concept": "UN21"}, "SMS-WPF says ADM"),
        ({"unit": "PS"}, "SMS-WPF says DOC"),
        ({"sources": ["SMS", "MOE"]}, "there is no agency of the instrument MOE"),
        ({"instrument": "SMS-WFP"}, "there is no instrument SMS-WFP"),
        ({"dimensions": with_dimension("REGION", variable="regoin")}, "there is no variable with codes regoin"),
        ({"dimensions": with_dimension("REGION", codelist="flows")}, "SMS-WPF reads it with regions"),
        ({"dimensions": with_dimension("WAGE", variable="occupation")}, "there is no number occupation"),
        ({"dimensions": with_dimension("WAGE", unit="GOLD")}, "dimensions.WAGE.unit: there is no code GOLD"),
        ({"dimensions": with_dimension("WAGE", unit_variable="wage_month")}, "there is no variable with codes wage_month"),
    ],
)  # fmt: skip
def test_a_dataset_that_does_not_fit_its_instrument_fails_the_system_check(
    tmp_path, monkeypatch, changes, words
):
    written(tmp_path, "wpf", **changes)
    monkeypatch.setattr(datasets, "DIRECTORY", tmp_path)
    (error,) = consistency.definitions_fit()
    assert words in error.msg and error.msg.startswith("wpf.yaml")


def test_our_definitions_fit_each_other_and_a_broken_instrument_fails_the_check(
    monkeypatch, tmp_path
):
    assert consistency.definitions_fit() == []
    (tmp_path / "sms-wpf.yaml").write_text("code: SMS-WPF\n")
    monkeypatch.setattr(reader, "DIRECTORY", tmp_path)
    assert "missing key: version" in [
        e.msg.split(": ", 1)[1] for e in consistency.definitions_fit()
    ]


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
        if source.derive in ("sex", "period") or source.is_linked:
            continue
        codes = {item.code for item in source.items()}
        assert {source.code_of(value) for value in source.values()} <= codes
        assert source.code_of(None) in codes
        assert all(item.labels["en"] for item in source.items())


FAMILY = WPF["family"]


@pytest.mark.parametrize(
    ("family", "words"),
    [
        (FAMILY[1:], "the first table is the core"),
        ([{"name": "core", "adds": ["YEAR", "DECISION"]}, *FAMILY[1:]], "no table adds SEX"),
        ([*FAMILY, {"name": "more", "of": "core", "adds": ["REGION"]}], "REGION is added by region already"),
        ([*FAMILY, {"name": "core", "of": "core", "adds": ["TIME"]}], "there is no dimension TIME"),
        ([t for t in FAMILY if t["name"] != "age"], "no table adds BROAD_AGE"),
        ([{**t, "of": "town"} if t["name"] == "age" else t for t in FAMILY], "there is no table above town"),
        (
            [{**t, "adds": ["QUARTER", "REGION"]} if t["name"] == "quarter" else t for t in FAMILY],
            "a table that adds QUARTER adds nothing else",
        ),
        ([{**t, "least": 30} if t["name"] == "month" else t for t in FAMILY], "periods are always shown"),
        (
            [{**t, "adds": ["OCCUPATION", "SKILL"]} if t["name"] == "occupation" else t for t in FAMILY],
            "SKILL decides nothing that OCCUPATION does not",
        ),
    ],
)  # fmt: skip
def test_a_family_that_could_contradict_itself_is_refused_with_its_place(tmp_path, family, words):
    with pytest.raises(InvalidDefinition) as invalid:
        datasets.read(written(tmp_path, "wpf", family=family))
    assert words in str(invalid.value)


def test_a_changed_tree_is_another_one_and_a_changed_label_or_a_new_code_is_not(tmp_path):
    ours = datasets.datasets()["WPF"].tree
    coarser = [{**t, "least": 60} if t["name"] == "age" else t for t in FAMILY]
    assert datasets.read(written(tmp_path, "a", title=LABELS)).tree == ours
    assert datasets.read(written(tmp_path, "b", family=coarser)).tree != ours


def test_a_changed_dimension_is_another_design_and_a_changed_label_is_not(tmp_path):
    ours = datasets.datasets()["WPF"].design
    whole = [{"code": "ALL", "rest": "the whole country", "labels": LABELS}]
    relabelled = datasets.read(written(tmp_path, "a", title=LABELS))
    regrouped = datasets.read(
        written(tmp_path, "b", dimensions=with_dimension("REGION", derive="groups", groups=whole))
    )
    assert relabelled.design == ours
    assert regrouped.design != ours
