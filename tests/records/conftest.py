import pytest

from agencies import scope
from agencies.roles import Role
from records.collection import in_json
from tests.cast import make_person
from tests.records import files


@pytest.fixture
def send(instruments, agency, clerk):
    """Take a file in as the clerk; returns the upload."""

    def take_in(content, instrument="SMS-WPF", **options):
        return files.send(
            content, by=clerk, agency=agency, instrument=instruments[instrument], **options
        )

    return take_in


@pytest.fixture
def report(send, clerk):
    """Take a file in; returns what the command line would print of it."""

    def take_in(content, *args, **options):
        upload = send(content, *args, **options)
        with scope.acting(clerk):
            return in_json.status(upload)

    return take_in


@pytest.fixture
def permits(instruments):
    return instruments["SMS-WPF"]


@pytest.fixture
def where(agency, permits, clerk):
    return {"agency": agency, "instrument": permits, "by": clerk}


@pytest.fixture
def colleague(agency):
    return make_person("second.clerk@sms.example", Role.CLERK, agency)
