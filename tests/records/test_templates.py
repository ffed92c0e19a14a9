"""The template of every instrument: made on its page, in each language, and recognised when it comes back filled in."""

import csv
import io

import pytest

from records.instruments import versions
from tests.cast import signed_in
from tests.records import files
from tests.records.files import ALL

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(agency):
    versions.publish_all()


@pytest.mark.parametrize("language", ["en", "ru", "tk"])
def test_the_template_of_every_instrument_is_recognised_column_by_column(
    language, published, clerk, tmp_path
):
    browser = signed_in(clerk, language)
    for code, spec in ALL.items():
        answer = browser.get(f"/instruments/{code}/template.csv")
        assert answer.status_code == 200, code
        (head,) = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
        asked = [variable.name for variable in spec.variables if variable.typed]
        filled = [head, ["1" for _column in head]]
        layout = files.opened(files.plain(filled, delimiter=";"), tmp_path, code).layout
        assert [column.variable for column in layout.columns] == asked, code
