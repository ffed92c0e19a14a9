"""Changed code lists as tests need them: contents of codes, and saving them as the next edition."""

import pytest

from agencies import scope
from records.codelists import changes
from records.codelists import editions as kept
from records.codelists.changes import content_of
from standards import codelists, editions


@pytest.fixture(autouse=True)
def delivered():
    """Begin and end with the lists as they are delivered: a test undoes its editions."""
    yield
    editions.lay_over({})
    kept._known[0] = (None, 0)


def of(code, name="crossing_points", **changed):
    """Return a delivered code with what is changed of it."""
    return {**content_of(codelists.delivered(name).by_code[code]), **changed}


def save(contents, by, name="crossing_points", base=1, reason=""):
    with scope.acting(by):
        row = changes.save(name, contents, base=base, reason=reason, by=by)
    kept.refresh()
    return row
