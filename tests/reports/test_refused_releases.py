"""What a publisher is told of a release that did not pass its gates."""

import pytest
from django.utils import translation
from django.utils.translation import gettext

from reports.protection.gates import Gate
from reports.releases import protecting

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_gates_that_refuse_a_release_are_named_in_the_language_of_the_reader():
    refusal = protecting.not_passed([Gate("sex by time", 12, 5), Gate("total", 3, 4)])
    assert "do not pass: sex by time." in str(refusal)
    with translation.override("ru"):
        assert f": {gettext('sex by time')}." in str(refusal)
        assert "sex by time" not in str(refusal)
