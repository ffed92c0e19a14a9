"""Addresses for programs that deliver."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from agencies.access import receives_files
from agencies.roles import Permission
from records.api import sending, submissions, uploads
from records.api.openapi import Description, Nowhere

app_name = "intake"
OF_UPLOAD = "uploads/<int:upload_id>/"
urlpatterns = [
    path("schema/", login_not_required(Description.as_view()), name="schema"),
    path("uploads/", receives_files(uploads.Uploads.as_view(), Permission.ENTER), name="uploads"),
    path("uploads/parts/", sending.Unfinished.as_view(), name="files"),
    path(
        "uploads/parts/<uuid:file>/",
        receives_files(sending.File.as_view(), Permission.ENTER),
        name="file",
    ),
    path(OF_UPLOAD, uploads.OneUpload.as_view(), name="upload"),
    path(f"{OF_UPLOAD}answers/", uploads.Answers.as_view(), name="answers"),
    path(f"{OF_UPLOAD}next-sheet/", uploads.NextSheet.as_view(), name="next_sheet"),
    path(f"{OF_UPLOAD}words/", uploads.Words.as_view(), name="words"),
    path(f"{OF_UPLOAD}held/", uploads.Held.as_view(), name="held"),
    path(f"{OF_UPLOAD}held/numbers/", uploads.KnownNumbers.as_view(), name="known_numbers"),
    path(f"{OF_UPLOAD}differences/", uploads.Differences.as_view(), name="differences"),
    path("submissions/", submissions.Submissions.as_view(), name="submissions"),
    path("submissions/<int:submission_id>/submit/", submissions.Submit.as_view(), name="submit"),
    path("<path:address>", Nowhere.as_view(), name="nowhere"),
]
