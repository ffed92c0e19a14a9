"""Values of a person pasted into the wrong column are told by value and stand nowhere afterwards."""

import itertools
import json

import pyarrow as pa
import pytest
from django.core.management import call_command

from agencies import scope
from agencies.refusal import Refused
from records.collection import corrections, entry, held_keys, uploads
from records.models import HeldRow, Record
from records.validation import engine, personal
from standards import codelists
from tests.records import files
from tests.records.files import SPECS, VALID, plain, table
from tests.records.test_rules import TODAY

CANARIES = {
    "name": ["Zxqabaýewa Zxqajemal", "Зхкабаев Зхкамырат Зхкаевич", "Zxqabay Z.M."],
    "document": ["ZQ 7365194", "ZQ-7365194", "I-ZŞ № 736519"],
    "phone": ["+993 65 73-65-19", "+99365736519"],
    "email": ["zxq.canary@mail.example"],
    "identity": ["73651947365"],
}
EVERY = [(kind, text) for kind, texts in CANARIES.items() for text in texts]
TRACES = ["zxq", "зхка", "7365194", "736519", "73-65-19"]


@pytest.mark.parametrize(
    "kind, texts",
    {
        "document": "AB1234567|AB 1234567|AB-1234567|U12345678|I-AŞ № 123456|II-МР №123456|AB 123 4567|паспорт AB 1234567 выдан",
        "identity": "12345678901|12345678901234|ИНН 123456789012",
        "phone": "+993 65 12-34-56|+99365123456|8 (65) 12-34-56|865123456|тел. +993 12 345678",
        "email": "a.b@mail.example|пишите a@b.tm.",
        "name": "Annaýew Myrat|ANNAÝEW MYRAT|Аннаев Мырат|Мыратова Майса Аннаевна|Smith, John|Аннаев М.А.|М. Аннаев|Annaýewa|Гурбанович|Алиев Вели оглы|аннаев мырат|Повар Аннаев Мырат|рабочий Аннаев|Инженер Аннаев М.|Аннаев И.|Jean-Pierre Dupont|Nguyen Van Anh Tuan|Anna\u200býew Myrat",
    }.items(),
)  # fmt: skip
def test_what_looks_like_a_person_is_told_by_its_kind(kind, texts):
    texts = texts.split("|")
    assert personal.kinds_of(pa.array(texts)).tolist() == [kind] * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "aýaly", "узбек", "Moscow", "Ростов", "12.05.2026 - 13.05.2026", "2026-03-05 12:00:00", "5 мая 2026 12:30",
        "2026-03-05-07", "1 200,50", "1200 USD", "Главный инженер", "Republic of Korea", "Турция, Анкара", "46123.5", "República Dominicana",
        "Work Permit", "58.7588211332886", "Telephone", "ул. Героев 15",
        "<b>x</b>", "=1+1", "31.02.1990", "Uzaldyldy", "", "•••", "СССР", "🏳️",
    ],
)  # fmt: skip
def test_what_does_not_is_left_alone(text):
    assert personal.kinds_of(pa.array([text])).tolist() == [""]


def test_no_code_label_or_alias_of_any_list_is_personal():
    texts = [
        text
        for codes in codelists.every()
        for code in codes.codes
        for text in (code.code, *code.labels.values(), *code.aliases)
    ]
    assert not personal.kinds_of(pa.array(texts)).any()


def test_an_agency_numbers_its_cases_as_it_likes():
    numbers = ["R-1", "WP-12345", "W-2611-00001", "000123", "2026/000123"]
    assert not personal.kinds_of_references(pa.array(numbers)).any()
    assert (
        personal.kinds_of_references(pa.array(["AB-1234567", "WP-123456"])).tolist()
        == ["document"] * 2
    )
    own = personal.kinds_of_references(pa.array(["AB-1234567"]), numbering=r"^AB-\d{7}$")
    assert own.tolist() == [""]


@pytest.mark.django_db(transaction=True)
def test_the_search_for_canaries_would_find_one(send):
    send(plain(table(1, citizenship="zxq")))
    assert {place for place, _text in files.leaks(TRACES)} >= {
        "public.records_heldrow",
        "public.records_upload",
    }


def asked_of(instrument):
    """The variables a canary is put into: all that stand in a file under their own name."""
    return [v.name for v in SPECS[instrument].variables if v.kind != "key"]


@pytest.mark.parametrize("instrument", sorted(VALID))
@pytest.mark.parametrize("kind, canary", EVERY)
def test_the_engine_sees_a_canary_in_every_variable_holds_it_where_required_and_shows_it_in_none(
    instrument, kind, canary
):
    names = asked_of(instrument)
    base = {"age": "", **dict.fromkeys(names, ""), **VALID[instrument]}
    rows = [{**base, "record_ref": f"R-{k}", name: canary} for k, name in enumerate(names)]
    block = pa.table(
        {name: pa.array([row[name] for row in rows]) for name in base}
        | {"_row": pa.array(range(len(rows)), pa.int32())}
    )
    checked = engine.check(block, SPECS[instrument], today=TODAY)
    holding = [SPECS[instrument].by_name[name].holds_rows for name in names]
    assert [h for h, holds in zip(checked.held, holding, strict=True) if holds] == [True] * sum(
        holding
    )
    assert all(checked.hidden[name][k] for k, name in enumerate(names))
    values = [v for f in checked.findings if f.values is not None for v in f.values.to_pylist()]
    assert canary not in values
    rules = {f.rule for f in checked.findings}
    assert f"sex.personal_{kind}" in rules


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("instrument", ["SMS-BCR", "SMS-WPF"])
def test_a_canary_in_every_column_of_a_file_stands_nowhere(
    instrument, send, clerk, tmp_path, capsys, caplog, agency, instruments
):
    rows = []
    for name in asked_of(instrument):
        for _kind, canary in EVERY:
            base = {**VALID[instrument], "record_ref": f"R-{len(rows)}", name: canary}
            head, row = table(1, base={**dict.fromkeys(asked_of(instrument), ""), **base}, record_ref=base["record_ref"])  # fmt: skip
            rows += [row] if rows else [head, row]
    upload = send(plain(rows), instrument)
    spec = SPECS[instrument]
    holding = [spec.by_name[name].holds_rows for name in asked_of(instrument) for _canary in EVERY]
    assert upload.report["rows"]["held"] >= sum(holding)
    path = tmp_path / "file.csv"
    path.write_bytes(plain(rows[:30]))
    names = ("--agency", "SMS", "--instrument", instrument, "--as", "clerk@sms.example")
    call_command("intake", str(path), *names, "--json")
    printed = capsys.readouterr()
    assert json.loads(printed.out)["rows"]["held"] >= sum(holding[:29])
    path.unlink()
    said = (printed.out + printed.err + caplog.text).casefold()
    assert [text for text in TRACES if text in said] == []
    assert files.leaks(TRACES) == []


@pytest.mark.django_db(transaction=True)
def test_a_canary_that_is_typed_stands_nowhere(send, client, clerk, agency, instruments, caplog):
    """In every field one, each canary in some: that a check sees each of them in each, the engine shows above."""
    asked = asked_of("SMS-WPF")
    assert len(asked) >= len(EVERY)
    send(plain(table(1, citizenship="Nowhere")))
    client.force_login(clerk)
    with scope.acting(clerk):
        held = HeldRow.open_rows.get()
    for name, (_kind, canary) in zip(asked, itertools.cycle(EVERY)):
        cells = {"citizenship": "TUR", name: canary}
        with scope.acting(clerk):
            seen = HeldRow.open_rows.annotate(state=held_keys.STATE).get().state
        rows = json.dumps([{"id": held.pk, "seen": seen, "cells": cells}])
        grid = client.post(f"/uploads/{held.upload_id}/held", {"rows": rows, "column": list(cells)})
        assert grid.status_code == 200 and canary not in grid.text, name
        assert client.post(f"/held/{held.pk}/", cells).status_code == 422
        typed = {**VALID["SMS-WPF"], name: canary}
        if name != "age":  # the form asks for no age
            assert client.post("/records/new/SMS-WPF/SMS/", typed).status_code == 422, name
        with scope.acting(clerk):
            sms = {"agency": agency, "instrument": instruments["SMS-WPF"], "by": clerk}
            assert entry.save(typed, **sms).record is None
    with scope.acting(clerk):
        assert (HeldRow.open_rows.count(), Record.objects.count()) == (1, 0)
    assert files.leaks(TRACES) == []
    assert [text for text in TRACES if text in caplog.text.casefold()] == []


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_names_a_person_is_refused(send, clerk):
    upload = send(plain(table(2, sex=["1", "2"])))
    with scope.acting(clerk):
        for answer in (
            {"aliases": {"citizenship": {CANARIES["name"][0]: "TUR"}}},
            {"sex_codes": {CANARIES["phone"][0]: "F"}},
        ):
            with pytest.raises(Refused, match="looks like a person"):
                uploads.read(upload, by=clerk, answers=answer)
    assert files.leaks(TRACES) == []


@pytest.mark.django_db(transaction=True)
def test_what_was_masked_stays_wrong_until_it_is_typed_anew(send, clerk):
    send(plain(table(1, sex=CANARIES["name"][0], valid_to="??")))
    with scope.acting(clerk):
        held = HeldRow.open_rows.get()
        assert held.raw["sex"] == personal.MASK
        assert {f["rule"]: f["value"] for f in held.findings}["sex.personal_name"] == personal.MASK
        outcome = corrections.correct(held, {"valid_to": "05.03.2027"}, by=clerk)
        assert [f.rule for f in outcome.errors] == ["sex.masked"]
        assert corrections.correct(held, {"valid_to": "05.03.2027", "sex": "F"}, by=clerk).record


@pytest.mark.django_db(transaction=True)
def test_what_was_masked_is_said_and_counted_with_its_cells(send):
    upload = send(plain(table(3, sex=["F", *CANARIES["name"][:2]])))
    (cause,) = upload.report["findings"]
    assert (cause["rule"], cause["count"]) == ("sex.personal_name", 2)
    assert [(e["cell"], e["value"]) for e in cause["examples"]] == [("C3", "•••"), ("C4", "•••")]
    assert set(cause["message"]) == {"en", "ru", "tk"}
    assert files.incoming() == []
