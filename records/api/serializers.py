"""What the endpoints of intake answer and take, in types: for their description and for whoever writes a client."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from records.api.endpoint import Strict
from records.models import HeldRow, Submission, Upload

OBJECT = {"type": "object", "additionalProperties": True}
OF_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


@extend_schema_field(OBJECT)
class Free(serializers.JSONField):
    """An object whose names are told in words."""


@extend_schema_serializer(component_name="Refusal")  # figures have a Problem of their own
class Problem(serializers.Serializer[Any]):
    detail = serializers.CharField(
        help_text="what is wrong and what to do, in the language asked for"
    )
    parameter = serializers.CharField(
        required=False, help_text="where: a parameter, a header, a question, a key"
    )
    questions = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="ids of the questions it is about"
    )


class Begun(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.CharField(help_text=", ".join(Upload.State.values))
    address = serializers.CharField(help_text="where it is asked about")


class Line(Begun):
    instrument = serializers.CharField()
    sent_at = serializers.DateTimeField()


class Lines(serializers.Serializer[Any]):
    uploads = Line(many=True)
    next = serializers.CharField(allow_null=True, help_text="address of older ones")


class Status(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    instrument = serializers.CharField()
    state = serializers.CharField(help_text=", ".join(Upload.State.values))
    reason = serializers.CharField(allow_blank=True)
    file = Free(help_text="encoding, delimiter, sheet, header row and what else was seen")
    columns = serializers.ListField(
        child=Free(), help_text="header, letter, variable, and how it was found"
    )
    rows = Free(help_text="numbers of rows: read, accepted, held, late, skipped, duplicate")
    sex = Free(help_text="records by code of sex")
    findings = serializers.ListField(
        child=Free(),
        help_text="by cause: rule, severity, variable, message, count, examples with their cells",
    )
    questions = serializers.ListField(
        child=Free(), help_text="id, text, choices, evidence; what was answered is in `answer`"
    )
    again = Free(
        allow_null=True, help_text="of a file sent again: new, changed, equal and gone by period"
    )
    next_sheet = serializers.CharField(
        allow_blank=True, help_text="of a workbook: the sheet that can be taken in next"
    )
    words = serializers.ListField(child=Free(), help_text="words that no list knows")
    submissions = serializers.ListField(
        child=Free(), help_text="that the file feeds: id, period, state"
    )


class Candidate(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class Word(serializers.Serializer[Any]):
    variable = serializers.CharField()
    text = serializers.CharField(help_text="as it stands in the file")
    count = serializers.IntegerField(help_text="rows in which it stands")
    cells = serializers.ListField(child=serializers.CharField(), help_text="the first of them")
    candidates = Candidate(many=True, help_text="codes it may mean, the likeliest first")


class Decided(serializers.Serializer[Any]):
    state = serializers.CharField(help_text=", ".join(Upload.State.values))
    corrected = Free(
        allow_null=True, help_text="of a file that was taken in: what became of its rows"
    )


class CellFinding(serializers.Serializer[Any]):
    rule = serializers.CharField(allow_blank=True)
    variable = serializers.CharField(allow_blank=True)
    cell = serializers.CharField(
        allow_blank=True, help_text="sheet and cell as a spreadsheet shows them"
    )
    message = serializers.CharField()


class Held(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="of the row as it is now; it changes when the row does")
    row = serializers.IntegerField(allow_null=True, help_text="of the file, 1 is the first line")
    kind = serializers.ChoiceField(HeldRow.Kind.values)
    period = serializers.CharField(allow_null=True)
    values = Free(help_text="variable: text")
    findings = CellFinding(many=True)


class HeldRows(serializers.Serializer[Any]):
    rows = Held(many=True)
    next = serializers.CharField(allow_null=True, help_text="address of the rows after these")


class Corrected(serializers.Serializer[Any]):
    accepted = serializers.IntegerField(help_text="records now")
    duplicate = serializers.IntegerField(help_text="there already")
    held = serializers.IntegerField(help_text="still to be corrected")
    closed = serializers.IntegerField(help_text="of a period that is closed: left as they are")
    refused = serializers.IntegerField(help_text="left as they are for a reason of their own")
    reasons = Free(required=False, help_text="key: why the row was refused")
    changed_meanwhile = serializers.ListField(
        child=serializers.CharField(),
        help_text="keys that are no longer true: read these rows again",
    )


class Difference(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["CHANGED", "GONE"])
    period = serializers.CharField()
    record_ref = serializers.CharField()
    variables = serializers.ListField(child=serializers.CharField(), help_text="that differ")
    before = Free()
    now = Free(allow_null=True)
    by_hand = serializers.BooleanField(help_text="corrected by hand since its file came")


class KnownNumber(Difference):
    kind = None  # type: ignore[assignment]  # none of them is gone
    key = serializers.CharField(help_text="of row and record as they are now")


class KnownNumbers(serializers.Serializer[Any]):
    rows = KnownNumber(many=True)
    next = serializers.CharField(allow_null=True, help_text="address of the rows after these")


class Settled(Corrected):
    removed = serializers.IntegerField(help_text="rows that went; their records stay as they are")


class Differences(serializers.Serializer[Any]):
    counts = Free(
        allow_null=True, help_text="new, changed, equal, gone by period; `digest` is `again_seen`"
    )
    records = Difference(many=True)
    next = serializers.CharField(allow_null=True)


class SubmissionLine(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    instrument = serializers.CharField()
    period = serializers.CharField()
    state = serializers.CharField(help_text=", ".join(Submission.State.values))
    version = serializers.IntegerField()
    held = serializers.IntegerField(
        help_text="rows with an error: to be acknowledged when it is submitted"
    )
    late = serializers.IntegerField(help_text="rows that came when it was closed")


class SubmissionLines(serializers.Serializer[Any]):
    submissions = SubmissionLine(many=True)
    next = serializers.CharField(allow_null=True, help_text="address of those begun earlier")


class Submit(Strict):
    held_acknowledged = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10**9,
        help_text="the exact number of held rows, where there are any",
    )
    nothing_to_report = serializers.BooleanField(required=False, default=False)


class FilePart(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    received = serializers.IntegerField(help_text="where the next part begins")
    expires_at = serializers.DateTimeField()
    upload = serializers.CharField(
        allow_null=True, help_text="address of the upload, when all is here"
    )


class Unfinished(FilePart):
    instrument = serializers.CharField()
    address = serializers.CharField(help_text="where its parts go, and where it is given up")


class SentFile(serializers.Serializer[Any]):
    file = serializers.FileField()
    instrument = serializers.CharField(
        required=False, help_text="may be left out where the token has one"
    )
    answers = serializers.CharField(required=False, help_text="JSON: question id -> answer")


@extend_schema_field(OBJECT)
class Answers(serializers.JSONField):
    """Question id -> answer."""
