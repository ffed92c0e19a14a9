"""What people answered about the file a row came in: it holds for every row, also for a corrected one."""

from dataclasses import replace
from typing import Any

from records.codelists import learned
from records.collection import own_lists
from records.instruments.versions import current, spec_of
from records.models import Upload
from records.reading.answers import settled
from records.validation.meanings import Answers


def said(upload: Upload) -> dict[str, Any]:
    """Return what holds for a file: what was said about it, and else about an earlier one of its layout.

    While a file waits the two are kept apart: of another sheet, or when the earlier one was taken back, other
    answers hold. They are put together when it is taken in.
    """
    remembered = upload.report.get("memory", {}).get("answers", {})
    return {**remembered, **upload.answers}


def answers_of(upload: Upload | None) -> Answers:
    """Return the answers to the upload's questions, with what its file proved: letters of sex, lists of codes, marks.

    Words that the agency has taught before hold where this file's own answers say nothing.
    """
    if upload is None:
        return Answers()
    answers = Answers.from_answers(
        settled(upload.answers),
        upload.report.get("letters"),
        upload.report.get("lists"),
        own_lists.used_by(upload),
        upload.report.get("numbers"),
    )
    words = learned.words_of(upload.agency, upload.instrument)
    if not words:
        return answers
    known = learned.without_sex(words, spec_of(current(upload.instrument)))
    own = answers.aliases
    together = {name: {**known.get(name, {}), **own.get(name, {})} for name in {*known, *own}}
    return replace(answers, aliases=together)
