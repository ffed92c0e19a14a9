"""Sentences that are stored and read in the language of the reader."""

import pytest

from standards.translation import sentence, translated

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sentence_holds_sentences():
    gate = sentence("%(gate)s: %(n)s", gate=sentence("total"), n=5)
    kept = sentence("%(gates)s", gates=[gate, gate])
    assert translated(kept) == "total: 5; total: 5"
    assert translated({}) == translated(sentence("")) == ""
    assert translated(sentence("100%")) == "100%"
