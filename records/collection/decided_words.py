"""What a person says that unknown words mean: for a file that waits, or for all held rows in which they stand."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.models import Person
from agencies.refusal import Refused
from records.codelists import learned
from records.collection import bulk_corrections, unknown_words, uploads
from records.collection.bulk_corrections import Corrected
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import Upload
from records.reading.answers import may_mean
from records.reading.questions import GO_ON
from records.review.opening import require_delivery

Decided = Mapping[tuple[str, str], str]  # variable and text -> code, or NONE: hold the rows


def decide(upload: Upload, decided: Decided, *, by: Person) -> Corrected | None:
    """Take the meanings of unknown words, remember them for the agency, and go on with their rows.

    A file that waits is read again with them (None); of one that was taken in, every held row in which a word stands is
    checked again, and becomes a record where nothing else is wrong. Raises `Denied`, and `Refused` for a word that
    is none of the unknown ones, for a code that its variable does not accept, or where the file went on meanwhile.
    """
    require_delivery(by, upload.agency, upload.instrument)
    spec = versions.spec_of(versions.current(upload.instrument))
    _require_sense(upload, decided, spec)
    if upload.state != Upload.State.COMMITTED:
        answers = {"aliases": _together(upload.answers, decided), "values": GO_ON}
        uploads.read(upload, by=by, answers=answers)
        return None
    with transaction.atomic():
        bulk_corrections.lock_submissions([upload])  # before the upload, as every correction does
        rows = unknown_words.held_with(upload, decided)
        now = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        if now.state != Upload.State.COMMITTED:
            raise Refused(_("A word was explained meanwhile. Look at the words again."))
        now.answers = {**now.answers, "aliases": _together(now.answers, decided)}
        now.save(update_fields=["answers"])
        taught = {"aliases": _together({}, decided)}
        learned.teach(now.agency, now.instrument, spec, taught, by=by)
        return bulk_corrections.correct_many(now, rows, by=by)


def _require_sense(upload: Upload, decided: Decided, spec: Spec) -> None:
    known = {word.key for word in unknown_words.of(upload)}
    for (name, text), code in decided.items():
        if (name, text) not in known:
            raise Refused(_("A word was explained meanwhile. Look at the words again."))
        if not may_mean(spec.by_name[name], code):
            raise Refused(_("Choose a code of the list that is in use."))


def _together(answers: Mapping[str, Any], decided: Decided) -> dict[str, dict[str, str]]:
    """Return what texts mean by variable: as it was answered before, and now."""
    aliases = {name: dict(texts) for name, texts in (answers.get("aliases") or {}).items()}
    for (name, text), code in decided.items():
        aliases.setdefault(name, {})[text] = code
    return aliases
