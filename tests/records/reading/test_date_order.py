"""Dates that contradict the stated order of day and month are shown, and the order is asked again."""

import pytest

from records.reading import outgoing
from tests.records.files import SPECS, opened, plain, table

DATES = ["03/04/2027", "12/31/2026", "31/12/2026"]


def contradiction(answer, folder):
    file = opened(plain(table(3, valid_to=DATES)), folder, answers={"day_first": answer})
    columns = outgoing.OutgoingColumns(
        file.layout.columns, SPECS["SMS-WPF"], b"key", {"day_first": answer}
    )
    for block in file.blocks:
        columns.batch(block)
    return columns.date_order.contradiction()


@pytest.mark.parametrize(
    "answer, order, cell",
    [
        (True, "true", "L3: 12/31/2026"),
        ("true", "true", "L3: 12/31/2026"),
        ("false", "false", "L4: 31/12/2026"),
        ("0", "false", "L4: 31/12/2026"),
    ],
)
def test_dates_against_the_answer_are_told_with_their_cells(answer, order, cell, tmp_path):
    assert contradiction(answer, tmp_path) == {"order": order, "cells": [cell]}


@pytest.mark.parametrize("answer", ["none", "true_held", "false_held"])
def test_an_answer_that_was_given_knowingly_is_not_asked_again(answer, tmp_path):
    assert contradiction(answer, tmp_path) is None
