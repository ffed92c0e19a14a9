"""What people answered about the file a row came in: it holds for every row, also for a corrected one."""

from records.models import Upload
from records.reading.answers import settled
from records.validation.meanings import Answers


def answers_of(upload: Upload | None) -> Answers:
    """Return the answers to the upload's questions, with the letters of sex that its file proved."""
    if upload is None:
        return Answers()
    return Answers.from_answers(settled(upload.answers), upload.report.get("letters"))
