"""Kitagawa's split of a changed share of women: its two parts add up to the change exactly."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from records.review.split import changes, joined, kitagawa

COUNTS = st.dictionaries(st.sampled_from(["F", "M", "_U", "_O"]), st.integers(0, 5000))
PERIODS = st.dictionaries(st.sampled_from("ABCDEFG"), COUNTS)


def share(period):
    women = sum(by_sex.get("F", 0) for by_sex in period.values())
    return Fraction(women, women + sum(by_sex.get("M", 0) for by_sex in period.values()))


def people(period):
    return sum(by.get("F", 0) + by.get("M", 0) for by in period.values())


@given(now=PERIODS, before=PERIODS)
def test_the_parts_add_up_to_the_change_exactly(now, before):
    split = kitagawa(now, before)
    if not people(now) or not people(before):
        assert split is None
        return
    assert (split.before, split.now) == (share(before), share(now))
    assert split.mix + split.rate == split.change


@given(before=PERIODS.filter(people), factors=st.integers(2, 9))
def test_groups_of_other_sizes_alone_are_a_change_of_the_mix(before, factors):
    now = {
        code: {sex: n * (factors if k % 2 else 1) for sex, n in by_sex.items()}
        for k, (code, by_sex) in enumerate(sorted(before.items()))
    }
    assert kitagawa(now, before).rate == 0


@given(now=PERIODS.filter(people), before=PERIODS.filter(people))
def test_turned_round_both_parts_change_their_sign(now, before):
    there, back = kitagawa(now, before), kitagawa(before, now)
    assert (there.mix, there.rate) == (-back.mix, -back.rate)


def test_other_shares_within_equal_groups_are_a_change_of_the_rate():
    before = {"A": {"F": 10, "M": 10}, "B": {"F": 10, "M": 10}}
    now = {"A": {"F": 15, "M": 5}, "B": {"F": 10, "M": 10}}
    split = kitagawa(now, before)
    assert (split.mix, split.rate) == (0, Fraction(1, 8))


def test_a_group_that_is_new_is_a_change_of_the_mix():
    split = kitagawa({"A": {"F": 5, "M": 5}, "B": {"F": 10}}, {"A": {"F": 5, "M": 5}})
    assert (split.mix, split.rate) == (Fraction(1, 4), 0)


@given(now=PERIODS, before=PERIODS)
def test_the_largest_change_stands_first_and_none_is_lost(now, before):
    listed = changes(now, before)
    sizes = [abs(change.difference) for change in listed]
    assert sizes == sorted(sizes, reverse=True)
    assert {change.code for change in listed} == {*now, *before}
    assert sum(c.difference for c in listed) == sum(sum(by.values()) for by in now.values()) - sum(
        sum(by.values()) for by in before.values()
    )


@given(period=PERIODS, successors=st.dictionaries(st.sampled_from("ABC"), st.sampled_from("DEFGH")))
def test_counted_as_their_successors_nobody_is_lost_and_no_retired_code_is_left(period, successors):
    counted = joined(period, successors)
    assert not successors.keys() & counted.keys()
    for sex in ("F", "M", "_U", "_O"):
        numbers = (sum(by.get(sex, 0) for by in each.values()) for each in (period, counted))
        assert len(set(numbers)) == 1
