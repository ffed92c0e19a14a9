"""Editions of code lists: what is laid over a delivered list, and what stays as it was."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codelists import changes, checks, exchange
from records.codelists.exchange import Unreadable
from standards import codelists, editions, home
from standards.editions import Edition

LABELS = {"en": "New point", "ru": "Новый пункт", "tk": "Täze nokat"}
NEW = {"labels": LABELS, "aliases": ["Täzelik"], "parent": "ROAD", "retired": "", "successor": ""}
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn"]), min_size=1, max_size=30
).map(lambda text: " ".join(text.split())).filter(bool)  # fmt: skip
CODES = st.from_regex(checks.CODE, fullmatch=True)
CONTENTS = st.fixed_dictionaries(
    {
        "labels": st.fixed_dictionaries(dict.fromkeys(("en", "ru", "tk"), TEXTS)),
        "aliases": st.lists(TEXTS, max_size=5, unique=True),
        "parent": st.one_of(st.just(""), CODES),
        "retired": st.one_of(st.just(""), st.dates().map(date.isoformat)),
        "successor": st.one_of(st.just(""), CODES),
    }
)
LISTS = st.dictionaries(CODES, CONTENTS, min_size=1, max_size=8)
BOMB = '<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>'
OUTSIDE = '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'


def retired(code, day, successor=""):
    delivered = codelists.delivered("crossing_points").by_code[code]
    return {**changes.content_of(delivered), "retired": day, "successor": successor}


@pytest.fixture
def points():
    """Lay changed codes over the crossing points; returns the list as it is then."""

    def lay(**codes):
        editions.lay_over({"crossing_points": Edition(2, codes)})
        return codelists.load("crossing_points")

    yield lay
    editions.lay_over({})


def test_a_new_code_is_read_by_all_its_names_and_the_others_as_before(points):
    codes = points(NEW=NEW)
    assert [m.code for m in codes.match(["NEW", "täze nokat", "tazelik", "Farap"])] == [
        "NEW", "NEW", "NEW", "FRP",
    ]  # fmt: skip
    assert codelists.number_of("crossing_points") == 2
    assert codelists.delivered("crossing_points").match(["NEW"])[0].code is None


def test_names_of_a_retired_code_mean_it_before_that_day_and_its_successor_from_then_on(points):
    codes = points(NEW=NEW, FRP=retired("FRP", "2020-01-01", "NEW"))
    assert {m.code for m in codes.match(["FRP", "Farap", "Фарап"])} == {"FRP"}
    days = date(2019, 12, 31), date(2020, 1, 1)
    assert [codes.meant("FRP", day) for day in days] == ["FRP", "NEW"]
    assert codes.meant("FRP") == "NEW"  # today
    assert "FRP" not in [code.code for code in codes.in_use]
    assert codes.label("FRP") == "Farap"  # records that state it are still read


def test_a_name_that_a_code_shares_with_its_successor_means_the_one_that_holds_on_the_day(points):
    same = {**NEW, "labels": dict.fromkeys(LABELS, "Farap")}
    codes = points(NEW=same, FRP=retired("FRP", "2020-01-01", "NEW"))
    assert [m.code for m in codes.match(["Farap", "NEW Farap"])] == ["FRP", "FRP"]
    assert points(NEW=same).match(["Farap"])[0].note == "ambiguous"


def test_a_code_that_is_retired_without_successor_stands_for_events_before_that_day(points):
    codes = points(FRP=retired("FRP", "2020-01-01"))
    assert codes.match(["Farap"])[0].code == "FRP"
    assert (codes.meant("FRP", date(2019, 12, 31)), codes.meant("FRP")) == ("FRP", "")


POINTS = st.sampled_from(sorted(codelists.delivered("crossing_points").by_code))
DAYS = st.sampled_from(["2020-01-01", "2999-01-01"])


@given(
    st.dictionaries(POINTS, st.tuples(DAYS, st.one_of(st.just(""), POINTS))),
    st.dates(date(2019, 12, 30), date(2020, 1, 2)),
)
def test_whatever_is_retired_for_whatever_on_each_day_a_code_means_one_in_use_or_nothing(
    retirements, day
):
    changed = {code: retired(code, since, other) for code, (since, other) in retirements.items()}
    codes = codelists.laid_over(
        codelists.delivered("crossing_points"), Edition(2, changed), date(2026, 1, 1)
    )
    used = {code.code for code in codes.codes if code.is_in_use(day)}
    assert {codes.meant(code, day) for code in codes.by_code} <= {*used, ""}
    assert all(codes.meant(code, day) == code for code in used)
    assert [match.code for match in codes.match(list(codes.by_code))] == list(codes.by_code)


def test_residences_change_with_the_regions_they_are_made_of():
    labels = {"aliases": [], "parent": "", "retired": "", "successor": ""}
    editions.lay_over({"regions": Edition(2, {"TM-N": {"labels": LABELS, **labels}})})
    try:
        assert "TM-N" in codelists.load("residences").by_code
        assert "TM-N" in home.expanded(["home_regions"])
        assert codelists.number_of("residences") == 2
    finally:
        editions.lay_over({})
    assert "TM-N" not in codelists.load("residences").by_code


def test_what_is_not_stated_stays_the_last_of_a_list():
    content = {"labels": LABELS, "aliases": [], "parent": "", "retired": "", "successor": ""}
    list_with = codelists.laid_over(
        codelists.delivered("purposes"), Edition(2, {"NEW": content}), date.min
    )
    assert [code.code for code in list_with.codes[-2:]] == ["NEW", "_U"]


def test_every_process_is_asked_once_for_each_request(monkeypatch):
    asked = []
    monkeypatch.setattr(editions, "_ask", [lambda: asked.append(1)])
    codelists.load("regions")
    assert asked == []  # outside of requests and jobs nobody asks
    for _request in range(2):
        with editions.asked_once():
            codelists.load("regions")
            codelists.load("countries")
    assert asked == [1, 1]


def test_the_home_country_is_a_setting_of_the_site():
    editions.lay_over({"site": Edition(2, {"home_country": {"code": "KAZ"}})})
    try:
        assert home.expanded(["home", "XXA"]) == ["KAZ", "XXA"]
    finally:
        editions.lay_over({})
    assert home.country() == home.delivered()


@pytest.mark.parametrize("name", codelists.names())
def test_every_delivered_list_has_a_title_and_survives_cleaning_and_files(name):
    codes = codelists.delivered(name)
    contents = {code.code: changes.content_of(code) for code in codes.codes}
    assert set(codes.title) == {"en", "ru", "tk"}
    assert {code: changes.cleaned(content) for code, content in contents.items()} == contents
    assert exchange.read(exchange.to_csv(contents)) == contents


@given(LISTS)
def test_what_is_taken_away_as_csv_comes_back_the_same(codes):
    assert exchange.read(exchange.to_csv(codes)) == codes


@given(LISTS, st.sampled_from(sorted(exchange.SDMX)))
def test_what_is_taken_away_as_sdmx_comes_back_the_same(codes, version):
    assert exchange.read(exchange.to_sdmx("any", LABELS, 3, codes, version)) == codes


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_with_entities_is_refused_before_they_are_read(text, encoding):
    with pytest.raises(Unreadable, match="document type"):
        exchange.read(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))


@given(st.binary(max_size=200))
def test_no_file_breaks_the_reader(content):
    refusals = []
    try:
        exchange.read(content)
    except Unreadable as unreadable:
        refusals.append(unreadable.text % unreadable.values)
    assert all(refusals)
