"""What became of held rows that were corrected together, in words."""

from django.utils.formats import number_format as numbers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from records.collection.bulk_corrections import Corrected


def of_total() -> str:
    """Say why a row that is the sum of others is not taken in."""
    return _("A total is the sum of its cells and is not entered by itself.")


def outcome(corrected: Corrected) -> str:
    """Say what became of the rows: first how many were taken in, then what is left and why."""
    taken = len(corrected.accepted) + len(corrected.duplicate)
    held, closed, gone = (len(r) for r in (corrected.held, corrected.closed, corrected.gone))
    refused = len(corrected.refused)
    sentences = {
        ngettext("%(n)s row was taken in.", "%(n)s rows were taken in.", taken): taken,
        ngettext(
            "%(n)s row has something else to correct.",
            "%(n)s rows have something else to correct.",
            held,
        ): held,
        ngettext(
            "%(n)s row stays held: its period is closed.",
            "%(n)s rows stay held: their period is closed.",
            closed,
        ): closed,
        ngettext(
            "%(n)s row was changed or removed by somebody else meanwhile, and not touched.",
            "%(n)s rows were changed or removed by somebody else meanwhile, and not touched.",
            gone,
        ): gone,
        ngettext(
            "%(n)s row stays held; the reason stands beside it.",
            "%(n)s rows stay held; the reason stands beside each.",
            refused,
        ): refused,
    }
    listed = enumerate(sentences.items())
    parts = [text % {"n": numbers(n)} for k, (text, n) in listed if n or not k]
    return " ".join([*parts, of_total()] if corrected.total else parts)


def outcome_and_reasons(corrected: Corrected) -> str:
    """Say the same where no rows are shown: why some were refused stands after it, each reason once."""
    return " ".join([outcome(corrected), *dict.fromkeys(corrected.refused.values())])
