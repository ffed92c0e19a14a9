"""Counts by sex: one type, for exact and for published figures."""

import re
from datetime import date
from pathlib import Path

from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from records.review.measures import At, sex_coverage
from standards.sex import Figures, of_codes

COUNTS = st.integers(0, 10**6)


@given(COUNTS, COUNTS, COUNTS)
def test_shares_are_of_those_with_sex_stated_and_the_line_fills_its_width(f, m, o):
    figures = Figures(f, m, o)
    assert figures.total == f + m + o
    if f + m:
        assert abs(figures.female_share + figures.male_share - 100) < 1e-9
    else:
        assert figures.female_share is None and figures.male_share is None
    assert [part.mark for part in figures.line] == [
        mark for mark, n in (("w-f", f), ("m-f", m), ("o-f", o)) if n
    ]
    assert all(0 <= part.x <= 100 and 0 < part.width <= 100 for part in figures.line)


def test_published_figures_show_no_share_of_fewer_than_a_hundred():
    assert Figures(51, 48, 0, base=3).female_share is None
    assert Figures(51, 51, 0, base=3).female_share == 50.0
    assert Figures(50, 50, 0, base=5).female_share == 50.0
    assert Figures(50, 45, 100, base=5).female_share is None
    assert Figures(1, 0, 0).female_share == 100.0


def test_where_there_are_men_alone_the_share_of_women_is_zero_and_not_missing():
    alone = Figures(0, 249, 0, base=3)
    assert (alone.female_share, alone.male_share, alone.coverage) == (0.0, 100.0, 100.0)
    assert [part.mark for part in alone.line] == ["m-f"]


def test_every_code_but_two_is_other_or_not_stated():
    assert of_codes({"F": 3, "M": 2, "_U": 4, "_N": 1, "_O": 1}) == Figures(3, 2, 6, not_stated=5)


def test_templates_write_the_total_out():
    """A name that is gone would silently show nothing."""
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        assert not re.search(r"{[{%][^}]*\b\w+\.t\b", path.read_text()), path


def test_sex_is_stated_of_those_who_have_one_by_the_same_rule_as_the_scorecard():
    """Other markers are stated; firms, which send money too, have no sex and are left out."""
    codes = {"F": 40, "M": 40, "_O": 10, "_U": 10, "_Z": 100}
    facts = {"records": 200, "no_sex": 10, "sexless": 100}
    at = At("2026-Q1", {"2026-Q1": facts}, {}, date(2026, 4, 1))
    assert of_codes(codes).coverage == sex_coverage(at) == 90
