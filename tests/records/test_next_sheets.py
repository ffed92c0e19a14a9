"""The sheets of a workbook come in one after another, from bytes that are sent once; each is undone alone."""

from collections import Counter

import pytest

from agencies import scope
from agencies.refusal import Refused
from records.collection import in_json, next_sheets, unwanted, uploads
from records.models import Record, Upload
from tests.records import files
from tests.records.files import table, xlsx

pytestmark = pytest.mark.django_db(transaction=True)


def month(number, sexes):
    """The table of one month: a row for each of these sexes."""
    refs = [f"M{number}-{k}" for k in range(len(sexes))]
    return table(len(sexes), sex=[*sexes], record_ref=refs, event_date=f"05.0{number}.2026")


@pytest.fixture
def first(send):
    """The first sheet of a book of three, taken in."""
    book = xlsx(Mart=month(3, "FFM"), Aprel=month(4, "FM"), May=month(5, "MMMF"), Notes=[["note"]])
    return send(book, answers={"sheet": "Mart"}, name="book.xlsx")


@pytest.fixture
def following(clerk):
    """Take the next sheet in; returns its upload when it is finished."""

    def take_in(upload):
        with scope.acting(clerk):
            begun = next_sheets.take_in(upload, by=clerk)
        return files.finish(begun, by=clerk)

    return take_in


def by_sex(upload):
    return Counter(Record.objects.filter(upload=upload).values_list("sex", flat=True))


def without_sex(number, rows):
    lines = month(number, "F" * rows)
    place = lines[0].index("sex")
    return [[cell for k, cell in enumerate(line) if k != place] for line in lines]


def test_the_sheet_of_the_men_is_asked_who_they_are_after_that_of_the_women(send, following, clerk):
    book = xlsx(Women=without_sex(3, 3), Men=without_sex(4, 2))
    women = send(book, answers={"sheet": "Women", "constants": {"sex": "F"}}, name="book.xlsx")
    with scope.acting(clerk):
        assert by_sex(women) == {"F": 3}
    men = following(women)
    assert men.state == "NEEDS_ANSWERS"
    with scope.acting(clerk):
        assert by_sex(men) == {}


def test_the_next_file_of_a_layout_is_asked_for_its_sex_again(send, clerk):
    women = send(files.plain(without_sex(3, 3)), answers={"constants": {"sex": "F"}})
    men = send(files.plain(without_sex(4, 2)))
    assert (women.state, men.state) == ("COMMITTED", "NEEDS_ANSWERS")


def test_a_sheet_is_offered_to_its_sender_alone(first, colleague):
    with scope.acting(colleague):
        assert in_json.status(first, colleague)["next_sheet"] == ""
        with pytest.raises(Refused, match="No sheet of this file waits"):
            next_sheets.take_in(first, by=colleague)


def test_a_file_that_went_over_outlives_the_undoing_of_its_earlier_upload(first, clerk):
    with scope.acting(clerk):
        before = Upload.objects.get(pk=first.pk)  # as a page holds it that was opened long ago
        second = next_sheets.take_in(first, by=clerk)
        uploads.undo(before, by=clerk)
    assert len(files.incoming()) == 1
    assert files.finish(second, by=clerk).state == "COMMITTED"


def test_three_sheets_are_three_uploads_of_one_file_each_undone_alone(first, following, clerk):
    second = following(first)
    third = following(second)
    with scope.acting(clerk):
        book = [Upload.objects.get(pk=u.pk) for u in (first, second, third)]
        assert [(u.state, u.sheet) for u in book] == [
            ("COMMITTED", "#1"), ("COMMITTED", "#2"), ("COMMITTED", "#3")]  # fmt: skip
        counts = [{"F": 2, "M": 1}, {"F": 1, "M": 1}, {"F": 1, "M": 3}]
        assert [by_sex(u) for u in book] == counts
        assert [next_sheets.waiting(u, clerk) for u in book] == ["", "", ""]
        assert files.incoming() == []
        for k in (1, 0, 2):
            uploads.undo(book[k], by=clerk)
            counts[k] = {}
            assert [by_sex(u) for u in book] == counts


def test_the_page_and_the_status_offer_the_sheet_by_the_name_that_its_sender_knows(first, client, clerk):  # fmt: skip
    client.force_login(clerk)
    page = client.get(first.get_absolute_url()).content.decode()
    assert "Take in the next sheet: Aprel" in page
    with scope.acting(clerk):
        assert in_json.status(first, clerk)["next_sheet"] == "Aprel"
    response = client.post(f"/uploads/{first.pk}/next-sheet")
    with scope.acting(clerk):
        second = Upload.objects.latest("pk")
        assert response["Location"] == second.get_absolute_url()
        assert second.answers == {"sheet": "#2", "constants": {}}
        assert in_json.status(Upload.objects.get(pk=first.pk), clerk)["next_sheet"] == ""
        with pytest.raises(Refused, match="No sheet of this file waits"):
            next_sheets.take_in(first, by=clerk)


def test_a_file_waits_for_its_next_sheet_as_long_as_for_answers_and_goes_with_undoing(first, clerk):
    with scope.acting(clerk):
        unwanted.sweep()
        assert len(files.incoming()) == 1
        uploads.undo(first, by=clerk)
    assert files.incoming() == []
