"""Pages of collection and review."""

from django.urls import path

from records.pages import (
    calendar,
    due_dates,
    entry,
    held,
    history,
    home,
    inbox,
    instruments,
    numbering,
    submissions,
    uploads,
)

app_name = "records"
urlpatterns = [
    path("", home.home, name="home"),
    path("calendar/", calendar.month, name="calendar"),
    path("calendar/renew", calendar.renew, name="calendar_renew"),
    path("calendar/<str:token>.ics", calendar.file, name="calendar_file"),
    path("due-dates/", due_dates.rules, name="due_dates"),
    path(
        "due-dates/<slug:instrument_code>/<slug:agency_code>/<slug:period>/",
        due_dates.due_date,
        name="due_date",
    ),
    path("holidays/", due_dates.holidays, name="holidays"),
    path("punctuality/", due_dates.punctuality, name="punctuality"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/end/<str:token>/", inbox.unsubscribe, name="unsubscribe"),
    path("instruments/", instruments.instruments, name="instruments"),
    path("instruments/<slug:instrument_code>/", instruments.instrument, name="instrument"),
    path("instruments/<slug:instrument_code>/template.csv", instruments.template, name="template"),
    path(
        "instruments/<slug:instrument_code>/codebook.xml",
        instruments.codebook_file,
        name="codebook",
    ),
    path("numbering/", numbering.numbering, name="numbering"),
    path("submissions/", submissions.submissions, name="submissions"),
    path(
        "submissions/begin/<slug:instrument_code>/<slug:agency_code>/<slug:period>/",
        submissions.begin,
        name="begin",
    ),
    path("submissions/<int:submission_id>/", submissions.submission, name="submission"),
    path("submissions/<int:submission_id>/<slug:verb>/", submissions.advance, name="advance"),
    path("submissions/<int:submission_id>/records", entry.records, name="records"),
    path(
        "submissions/<int:submission_id>/history",
        history.submission_history,
        name="submission_history",
    ),
    path("submissions/<int:submission_id>/held", held.held_rows, name="held"),
    path("submissions/<int:submission_id>/late", submissions.readmit, name="readmit"),
    path("records/new/<slug:instrument_code>/<slug:agency_code>/", entry.new, name="record_new"),
    path("records/<int:record>/", entry.edit, name="record"),
    path("records/<int:record>/history", history.record_history, name="record_history"),
    path("records/<int:record>/delete", entry.delete, name="record_delete"),
    path("held/<int:held>/", held.correct, name="held_row"),
    path("held/<int:held>/discard", held.discard, name="held_discard"),
    path("uploads/", uploads.uploads, name="uploads"),
    path("uploads/new", uploads.new, name="upload_new"),
    path("uploads/<int:upload_id>/", uploads.upload, name="upload"),
    path("uploads/<int:upload_id>/progress", uploads.progress, name="upload_progress"),
    path("uploads/<int:upload_id>/answer", uploads.answer, name="upload_answer"),
    path("uploads/<int:upload_id>/undo", uploads.undo, name="upload_undo"),
    path("uploads/<int:upload_id>/held", held.held_rows, name="upload_held"),
]
