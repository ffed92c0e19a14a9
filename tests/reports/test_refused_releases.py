"""What a publisher is told of a release that did not pass its gates."""

import pytest
from django.utils import translation
from django.utils.translation import gettext

from reports.protection.gates import Gate
from reports.releases import protecting

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_gates_that_refuse_a_release_are_named_in_the_language_of_the_reader():
    refusal = protecting.not_passed(
        "2026", [Gate("headlines, largest", 12, 5), Gate("nearer than the base", 3, 4)]
    )
    assert "do not pass: headlines, largest." in str(refusal)
    with translation.override("ru"):
        assert f": {gettext('headlines, largest')}." in str(refusal)
        assert "headlines, largest" not in str(refusal)
