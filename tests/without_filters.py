"""The second lock alone: the suite with the filters of the code gone (MIGDATA_TEST_WITHOUT_FILTERS=1).

`visible_to` and `access.covered` give every row and `access.agencies` every agency, as if whoever wrote a page had forgotten
them. What a person may do is still asked. Row-level security must show no foreign row then; so the
tests below, which look at several agencies, must pass unchanged.

Covered: the tables under row-level security, which are submissions, their steps, uploads and what they feed,
records and their history, held rows, deeds, hashes of numbers and counts of them. Not covered, as they
are not under it: agencies, people, roles, sessions and the log (their pages ask `access`; rows of several
agencies stand on one page of the national administrator), jobs (ids, scope and progress; a worker
claims them before it has a scope), slices and builds (statistics office only, by permission; slices
name submissions and counts), released figures (public, or nobody's until they are released).
"""

import os

import pytest
from django.db.models import Q

from agencies import access
from agencies.models import Agency

SWITCH = "MIGDATA_TEST_WITHOUT_FILTERS"
# What tests say of agencies rather than of rows cannot hold without the filter of agencies: which
# agencies somebody reaches, and which of her own rows wait for a role that she holds there.
ABOUT_AGENCIES = frozenset(
    {
        "test_a_role_that_is_given_or_taken_counts_at_once",
        "test_agencies_filter_rows",
        "test_nobody_holds_anything_without_signing_in",
        "test_no_role_reaches_practice",
        "test_a_month_of_practice_ticks_itself_and_is_emptied_again",
        "test_the_log_names_who_practised_and_marks_it",
        "test_what_waits_on_the_first_page_is_what_the_buttons_offer",
        "test_whatever_people_do_nobody_signs_or_accepts_the_work_of_their_own_hands",
    }
)


def is_on() -> bool:
    return os.environ.get(SWITCH) == "1"


def remove(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the filters away for the time of a test."""
    monkeypatch.setattr(access.AgencyScoped, "visible_to", lambda rows, _person: rows.all())
    monkeypatch.setattr(access, "agencies", lambda *_asked: Agency.objects.all())
    monkeypatch.setattr(access, "covered", lambda *_asked, **_paths: Q())


def leave_out(items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(item, "originalname", item.name) in ABOUT_AGENCIES:
            item.add_marker(pytest.mark.skip(reason="is about the filter that is taken away"))
