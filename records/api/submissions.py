"""Submissions as programs see them: what there is, and submitting one. A reviewer signs it on the page (ADR 41)."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from agencies.programs import TokenRequest
from agencies.tokens import Verb
from records.api import openapi, serializers
from records.api.endpoint import Endpoint
from records.api.paging import after, page_of
from records.models import Submission
from records.review import profile, submissions


class Submissions(Endpoint):
    """The submissions of the agency, by instrument and period."""

    verbs = dict.fromkeys(("GET", "HEAD"), Verb.READ)
    parameters = ("limit", "after", "instrument", "period")

    @extend_schema(**openapi.SUBMISSIONS)
    def get(self, request: TokenRequest) -> Response:
        rows = Submission.objects.visible_to(request.user).select_related("instrument")
        for name, path in (("instrument", "instrument__code"), ("period", "period")):
            if text := request.query_params.get(name, ""):
                rows = rows.filter(**{path: text})
        if last := after(request):
            rows = rows.filter(pk__lt=last)
        shown, following = page_of(request, rows.order_by("-pk"))
        held = profile.held_counts(shown)
        lines = [_line(row, held.get(row.pk, 0)) for row in shown]
        return Response({"submissions": lines, "next": following})


class Submit(Endpoint):
    """Submit a period: a reviewer of the agency then signs it."""

    verbs = {"POST": Verb.SUBMIT}

    @extend_schema(**openapi.SUBMIT)
    def post(self, request: TokenRequest, submission_id: int) -> Response:
        visible = Submission.objects.visible_to(request.user).select_related("instrument")
        submission = visible.filter(pk=submission_id).first()
        if submission is None:
            raise Http404
        content = serializers.Submit(data=request.data)
        content.is_valid(raise_exception=True)

        def act() -> Response:
            submissions.advance(submission, "submit", by=request.user, **content.validated_data)
            submission.refresh_from_db()
            return Response(_line(submission, submission.held_acknowledged or 0))

        return self.once(request, act)


def _line(submission: Submission, held: int) -> dict[str, object]:
    return {
        "id": submission.pk,
        "instrument": submission.instrument.code,
        "period": submission.period,
        "state": submission.state,
        "version": submission.version,
        "held": held,
        "late": submission.late_rows,
    }
