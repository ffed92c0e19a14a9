"""Gender identity is a variable of its own: no instrument asks it, and one that will has conditions to meet."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from records.instruments import reader
from records.instruments.gender_identity import NAME as GENDER_IDENTITY
from records.validation import engine
from reports.designs import datasets
from reports.designs.consistency import problems
from standards import codelists
from standards.definitions import InvalidDefinition
from tests.records.files import SPECS, VALID
from tests.records.test_properties import as_block
from tests.records.test_rules import TODAY

LAW = {"en": "Law 1", "ru": "Закон 1", "tk": "Kanun 1"}
ASKED = {
    "include": ["common", "gender"],
    "restricted": True,
    "legal_basis": LAW,
    "risk_assessment": LAW,
}


def asking(folder, **changes):
    """An instrument that asks for gender identity, written to a file and read."""
    content = yaml.safe_load((reader.DIRECTORY / "sms-wpf.yaml").read_text())
    content |= {**ASKED, **changes}
    path = folder / "sms-wpf.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in content.items() if v}, allow_unicode=True))
    return reader.read(path)


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return asking(tmp_path_factory.mktemp("instrument"))


def test_no_instrument_asks_it():
    assert not [s.code for s in SPECS.values() for v in s.variables if v.name == GENDER_IDENTITY]


@pytest.mark.parametrize("condition", ["restricted", "legal_basis", "risk_assessment"])
def test_it_is_asked_only_where_its_conditions_are_met(tmp_path, condition):
    with pytest.raises(InvalidDefinition, match=f"it is asked only where .*: {condition}"):
        asking(tmp_path, **{condition: None})


@pytest.mark.parametrize("presumed", [{"required": True}, {"unknown": "_U"}])
def test_it_is_never_needed_and_never_presumed(tmp_path, presumed):
    with pytest.raises(InvalidDefinition, match="neither needed nor presumed"):
        asking(tmp_path, variables=[{"name": GENDER_IDENTITY, **presumed}])


def test_nothing_is_compared_with_it_and_no_cell_is_told_apart_by_it(tmp_path):
    rule = {
        "id": "sex.other",
        "severity": "warning",
        "variable": "sex",
        "when": [{"var": GENDER_IDENTITY, "in": ["W"]}],
        "message": LAW,
    }
    with pytest.raises(InvalidDefinition, match="compared with nothing"):
        asking(tmp_path, rules=[rule])
    with pytest.raises(InvalidDefinition, match="counted nowhere"):
        asking(tmp_path, aggregate=["sex", GENDER_IDENTITY])


def test_no_other_variable_takes_its_list(tmp_path):
    other = {"name": "mood", "kind": "code", "codelist": GENDER_IDENTITY, "label": LAW}
    with pytest.raises(InvalidDefinition, match="belongs to the variable of this name"):
        asking(tmp_path, variables=[other])


def test_it_stands_in_no_dataset(spec):
    dataset = datasets.datasets()["WPF"]
    dimension = next(d for d in dataset.dimensions if d.variable and not d.amounts)
    telling = replace(
        dataset, dimensions=(*dataset.dimensions, replace(dimension, variable=GENDER_IDENTITY))
    )
    texts = [problem.text for problem in problems(telling, {spec.code: spec})]
    assert "gender_identity stands in no table" in texts


WORDS = [c.code for c in codelists.load(GENDER_IDENTITY).codes] + ["Woman", "мужчина", "", "x"]


@given(sex=st.sampled_from(["F", "M", "_U", "_O"]), said=st.sampled_from(WORDS))
def test_neither_is_worked_out_of_the_other(spec, sex, said):
    row = {**VALID["SMS-WPF"], "sex": sex}
    typed = engine.check(as_block([{**row, GENDER_IDENTITY: said}]), spec, today=TODAY).typed
    alone = engine.check(as_block([row]), spec, today=TODAY).typed
    silent = engine.check(
        as_block([{**row, "sex": "", GENDER_IDENTITY: said}]), spec, today=TODAY
    ).typed
    assert typed["sex"].to_pylist() == alone["sex"].to_pylist() == [sex]
    assert GENDER_IDENTITY not in alone.column_names or alone[GENDER_IDENTITY].to_pylist() == [None]
    assert silent["sex"].to_pylist()[0] not in ("F", "M")
    assert silent[GENDER_IDENTITY].to_pylist() == typed[GENDER_IDENTITY].to_pylist()
