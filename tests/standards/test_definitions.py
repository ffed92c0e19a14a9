"""Every YAML of ours is read strictly: one mistake at any key is refused, with file, line and key."""

import json
from pathlib import Path

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from records.instruments import reader
from records.instruments import schema as instruments
from reports.designs import (
    datasets,
    framework_schema,
    frameworks,
    indicator_schema,
    indicators,
    schema_files,
    tables,
)
from reports.designs import schema as designs
from standards import codelists, definitions, glossary, guidance, kinds
from standards.definitions import InvalidDefinition
from tests.standards.mutations import example_of, mutations, name_of

STANDARDS = {path: kinds.kind_of(path.stem) for path in sorted(codelists.DIRECTORY.glob("*.yaml"))}
TRIAL = Path(settings.BASE_DIR) / "tests" / "data" / "trial"
FILES = {
    **dict.fromkeys(reader.paths(), instruments.instrument()),
    reader.DIRECTORY / "common.yaml": instruments.block(),
    **dict.fromkeys(sorted(datasets.DIRECTORY.glob("*.yaml")), designs.dataset()),
    **dict.fromkeys(sorted(tables.DIRECTORY.glob("*.yaml")), designs.table()),
    **dict.fromkeys(sorted(indicators.DIRECTORY.glob("g0*.yaml")), indicator_schema.indicator()),
    indicators.UNSEEN: indicator_schema.unseen(),
    **dict.fromkeys(sorted(frameworks.SETS.glob("*.yaml")), framework_schema.indicator_set()),
    frameworks.MATRIX: framework_schema.matrix(),
    **STANDARDS,
    glossary.FILE: glossary.KIND,
    guidance.FILE: guidance.KIND,
}


def content_of(path):
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)


def write(folder, name, content):
    folder.mkdir(exist_ok=True)
    path = folder / name
    text = yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    path.write_text(text)
    return path


def refused_by_editors(kind, paths):
    """Return the files that check-jsonschema refuses by the schema in docs."""
    schema = schema_files.SCHEMAS / f"{kind.name}.schema.json"
    # Called, not started: starting it takes longer than what it does.
    options = ["--schemafile", schema, "--output-format", "json", *paths]
    done = CliRunner().invoke(check_jsonschema.main, list(map(str, options)))
    return {Path(error["filename"]) for error in json.loads(done.stdout)["errors"]}


@pytest.mark.parametrize("kind", dict.fromkeys(FILES.values()), ids=lambda kind: kind.name)
def test_a_mistake_at_any_key_is_refused_by_reader_and_editor(kind, tmp_path):
    """Every key that any file of the kind has is wrong once, in the first file that has it."""
    made, written = set(), []
    for path in (path for path, own in FILES.items() if own == kind):
        example = example_of(content_of(path), kind.schema)
        definitions.read(write(tmp_path / "right", path.name, example), kind)
        for mistake in mutations(example, kind.schema, made):
            wrong = write(tmp_path / str(len(written)), path.name, mistake.content)
            with pytest.raises(InvalidDefinition) as refused:
                definitions.read(wrong, kind)
            assert path.name in str(refused.value), mistake.label
            assert mistake.key in str(refused.value), (mistake.label, str(refused.value))
            written.append(wrong)
    assert written
    assert refused_by_editors(kind, written) == set(written)


@pytest.mark.parametrize("kind", dict.fromkeys(FILES.values()), ids=lambda kind: kind.name)
def test_editors_accept_our_files(kind):
    ours = [path for path, own in FILES.items() if own == kind]
    assert refused_by_editors(kind, ours) == set()


def test_the_schemas_in_docs_are_those_of_the_reader():
    for path, text in schema_files.files().items():
        assert path.read_text() == text, f"run manage.py write_schemas: {path.name}"


@pytest.mark.parametrize("path", [*FILES, *sorted(TRIAL.glob("*.yaml"))], ids=name_of)
def test_every_file_names_its_schema_to_editors(path):
    first = path.read_text().splitlines()[0]
    place, _dollar, schema = first.partition("$schema=")
    assert place == "# yaml-language-server: "
    kind = FILES.get(path)
    target = (path.parent / schema).resolve()
    assert target.exists() and (kind is None or target.name == f"{kind.name}.schema.json")


@given(st.text(min_size=1, max_size=12))
def test_any_key_that_nobody_reads_is_named(key):
    content = {**content_of(reader.DIRECTORY / "sms-wpf.yaml"), key: "surprise"}
    found = definitions.problems_of(content, instruments.instrument().schema)
    if key not in instruments.instrument().schema["properties"]:
        assert any(f"unknown key: {key}" in problem.text for problem in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("sms-wpf", "severity: warning, variable: valid_to", "severity: eror, variable: valid_to", "line {line}: rules.valid_to.long.severity: there is no word eror; choose from error, warning; did you mean error?"),
        ("sms-wpf", "frequency: M", "frequncy: M", "line {line}: frequncy: unknown key: frequncy; did you mean frequency?"),
        ("sms-wpf", "frequency: M", "frequency: W", "line {line}: frequency: there is no word W"),
        ("sms-wpf", "unit: DOC", "unit: DOC\nunit: PS", "the key unit stands twice, first in line {line}"),
        ("sms-wpf", "unit: DOC", "unit: DOC: PS", "line {line}: mapping values are not allowed"),
        ("sms-wpf", "agencies: [SMS, MLSP]", "agencies: [SMS, NO]", "agencies.1: this must be a text, not false"),
        ("sms-wpf", "agencies: [SMS, MLSP]", "agencies: SMS", "agencies: this must be a list, not SMS"),
        ("sms-wpf", "version: 3", "version: one", "version: this must be a whole number, not one"),
        ("sms-wpf", "tk: Çözgüt}", "tm: Çözgüt}", "variables.decision.label: missing language: tk"),
        ("sms-wpf", "before: valid_from", "befor: valid_from", "rules.valid_to.before_from.when.valid_to.befor: unknown key: befor; did you mean before?"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_line_key_and_what_would_be_right(tmp_path, file, old, new, message):
    text = (reader.DIRECTORY / f"{file}.yaml").read_text()
    assert old in text
    path = tmp_path / f"{file}.yaml"
    path.write_text(text.replace(old, new, 1))
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(InvalidDefinition) as refused:
        reader.read(path)
    assert message.format(line=line) in str(refused.value)
    assert str(refused.value).startswith(f"{file}.yaml")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("local_lists", "code: AIR, en", "code: SEA, en", "traffic_kinds.codes.SEA.code: the code SEA stands twice"),
        ("local_lists", "tile: {column: 0, row: 1}", "tile: {column: 1, row: 1}", "regions.codes.TM-B.tile: two codes stand on this tile"),
        ("local_lists", "parent: RAIL", "parent: TRAIN", "parent: there is no parent TRAIN; choose from AIR, RAIL, ROAD, SEA"),
        ("local_lists", "parents: traffic_kinds", "parents: traffic", "crossing_points.parents: there is no code list traffic"),
        ("local_lists", "code: ASB", "code: NO", "code: this must be a text, not false"),
        ("messages", "en: \"{what} is missing", "en: \"{this} is missing", "missing.ru: the gaps must be those of the English text: {this}"),
        ("messages", "missing: {severity: error", "missing: {severity: bad", "missing.severity: there is no word bad"),
        ("refusals", "ru: \"В строках {where} не", "ru: \"В строках {what} не", "header_missing.ru: the gaps"),
        ("questions", "sheet: {en", "sheet: {de", "sheet: missing language: en"),
    ],
)  # fmt: skip
def test_a_mistake_in_code_lists_and_texts_is_refused(
    tmp_path, monkeypatch, name, old, new, message
):
    text = (codelists.DIRECTORY / f"{name}.yaml").read_text()
    assert old in text
    (tmp_path / f"{name}.yaml").write_text(text.replace(old, new, 1))
    monkeypatch.setattr(codelists, "DIRECTORY", tmp_path)
    with pytest.raises(InvalidDefinition) as refused:
        codelists.standard(name)
    assert message in str(refused.value)


def test_a_file_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(InvalidDefinition, match=r"nothing\.yaml does not exist"):
        definitions.read(tmp_path / "nothing.yaml", designs.table())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t.yaml: this must be a mapping of keys, not nothing"),
        (b"- 1\n", "t.yaml: this must be a mapping of keys, not [1]"),
        (b"code: T1\nby: [A\n", "t.yaml, line 3: "),
        (b"code: T1\nno: 1\n", "t.yaml, line 2: a key must be a text: write no in quotes"),
        (b"1: 1\n", "t.yaml, line 1: a key must be a text: write 1 in quotes"),
        (b"[a, b]: 1\n", "t.yaml, line 1: a key must be a text"),
        (b"code: !!python/object:os.system [x]\n", "t.yaml, line 1: could not determine a constructor"),
        (b"code: T1\ntitle: \xcf\xeb\n", "t.yaml, line 2: write the file in UTF-8"),
        (b"code: \x00\n", "t.yaml"),
        (b"--- 1\n--- 2\n", "t.yaml, line 2: "),
    ],
)  # fmt: skip
def test_a_file_that_is_no_definition_at_all_is_refused_in_words(tmp_path, content, message):
    path = tmp_path / "t.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidDefinition) as refused:
        definitions.read(path, designs.table())
    assert str(refused.value).startswith(message)
