"""How many queries a public page asks of what is released: as many beside many releases as beside few."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reports.models import Release
from tests.cast import make_agency, signed_in
from tests.reports.conftest import as_owner

PAGES = ("/figures/", "/figures/tables/", "/figures/tables/T14/")


def queries_of(client, page):
    client.get(page)  # what a process reads once is not counted
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200, page
    return len(asked)


@pytest.mark.django_db
def test_public_pages_ask_as_many_queries_of_thirty_releases_as_of_three(permits, viewer):
    readers = (Client(), signed_in(viewer))
    counts = []
    for until in (3, 30):
        for number in range(Release.objects.count() + 1, until + 1):
            with as_owner():
                Release.objects.create(
                    dataset="WPF",
                    number=number,
                    state=Release.State.WITHDRAWN,
                    structure=permits.structure,
                    checksum="0",
                )
            make_agency(f"A{number}")
        counts.append([queries_of(reader, page) for reader in readers for page in PAGES])
    assert counts[0] == counts[1]
