"""Names of files, sheets and headers are kept for their sender only; agencies declare their numbering.

What was stored openly is made neutral: file names go, sheets are called by their places, headers that
are no names of variables are masked. A workbook that waits for the choice of its sheet is read again,
so that it asks with places.
"""

import re
from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MASK = "•••"
ADDRESS = re.compile(r"^.*!(?=[A-Z]{1,3}\d*$)", re.DOTALL)
# A pattern says nothing of anybody; who may declare one is said in agencies.roles.
POLICIES = """
ALTER TABLE records_numbering ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_numbering FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_numbering TO migdata_app USING (true) WITH CHECK (true);
CREATE POLICY owner ON records_numbering TO migdata_owner USING (true) WITH CHECK (true);
"""
HELD_CELLS = r"""
UPDATE records_heldrow h SET findings = (
    SELECT jsonb_agg(CASE WHEN f->>'cell' LIKE '%!%'
        THEN jsonb_set(f, '{cell}', to_jsonb(regexp_replace(
            f->>'cell', '^.*!', coalesce(nullif(u.sheet, ''), '#1') || '!')))
        ELSE f END ORDER BY nth)
    FROM jsonb_array_elements(h.findings) WITH ORDINALITY AS t(f, nth))
FROM records_upload u WHERE u.id = h.upload_id AND h.findings::text LIKE '%!%'
"""
# Reasons that named the file: “…” in English and Turkmen, «…» in Russian.
REASONS = r"""
UPDATE records_upload SET reason = regexp_replace(reason, '(“|«).*(”|»)', '\1…\2')
WHERE reason ~ '“|«'
"""
READ_AGAIN = """
UPDATE jobs_job SET state = 'QUEUED', attempts = 0, lease_until = NULL, woken_at = NULL, finished_at = NULL
WHERE id = ANY(%s)
"""


def make_neutral(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    upload_model = apps.get_model("records", "Upload")
    again = []
    for upload in upload_model.objects.order_by("pk").iterator(chunk_size=200):
        places = _places(upload)
        asks = any(q.get("id") == "sheet" for q in upload.report.get("questions") or [])
        upload.sheet = places.get(upload.sheet, "#1" if upload.sheet else "")
        upload.report = _neutral_report(upload.report, places)
        if "sheet" in upload.answers and upload.answers["sheet"] != "none":
            upload.answers = {**upload.answers, "sheet": places.get(upload.answers["sheet"], "#1")}
        if asks:
            upload.report["questions"] = []
            upload.answers.pop("sheet", None)
            if upload.state == "NEEDS_ANSWERS" and upload.job_id:
                upload.state = "RECEIVED"
                again.append(upload.job_id)
        upload.save(update_fields=["sheet", "report", "answers", "state"])
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(HELD_CELLS)
        cursor.execute(REASONS)
        cursor.execute(READ_AGAIN, [again])


def _places(upload: Any) -> dict[str, str]:
    """Sheets by the order in which their tables stand in the workbook; how many come before is not known."""
    sheets = (upload.report.get("file") or {}).get("sheets") or []
    return {name: f"#{k}" for k, name in enumerate(sheets, start=1)}


def _neutral_report(report: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    file = dict(report.get("file") or {})
    if file.get("sheet"):
        file["sheet"] = places.get(file["sheet"], "#1")
    if file.get("sheets"):
        file["sheets"] = [places[name] for name in file["sheets"]]
    here = file.get("sheet") or "#1"
    neutral = {**report, "file": file} if file else dict(report)
    neutral["columns"] = [
        {**c, "header": c["header"] if c.get("variable") else MASK}
        for c in report.get("columns", ())
    ]
    neutral["findings"] = [
        _neutral_cause(cause, places, here) for cause in report.get("findings", ())
    ]
    if refusal := report.get("refusal"):
        where = ADDRESS.sub(f"{here}!", refusal.get("where", ""))
        neutral["refusal"] = {**refusal, "where": places.get(where, where)}
    return neutral


def _neutral_cause(cause: dict[str, Any], places: dict[str, str], here: str) -> dict[str, Any]:
    headers = cause["rule"] == "columns.forbidden"
    examples = [
        {
            **e,
            "cell": places.get(e["cell"], ADDRESS.sub(f"{here}!", e["cell"] or "")),
            "value": MASK if headers else e["value"],
        }
        for e in cause["examples"]
    ]
    return {**cause, "examples": examples}


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0008_rows_held_together"),
        ("jobs", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(make_neutral, migrations.RunPython.noop),
        # Queued checks of the rows that were changed must run before their table is altered.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL IMMEDIATE"),
        migrations.AddField("upload", "given_names", models.BinaryField(null=True)),
        migrations.RemoveField("upload", "file_name"),
        migrations.CreateModel(
            name="Numbering",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pattern", models.CharField(max_length=250)),
                ("declared_at", models.DateTimeField()),
                ("agency", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="numberings", to="agencies.agency")),
                ("declared_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("instrument", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="records.instrument")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agency", "instrument"), name="numbering_once")
                ],
            },
        ),
        migrations.RunSQL(POLICIES, migrations.RunSQL.noop),
    ]  # fmt: skip
