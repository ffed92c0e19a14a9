"""The sheets of one workbook enter one after the other: a file is known by its content and its sheet."""

from django.db import migrations, models
from django.db.models import Q

# Uploads that were read before say their sheet in the report.
NAME_SHEETS = """
UPDATE records_upload SET sheet = left(report #>> '{file,sheet}', 255)
WHERE report #>> '{file,sheet}' IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0005_review_steps")]
    operations = [
        migrations.AddField(
            "upload", "sheet", models.CharField(blank=True, default="", max_length=255)
        ),
        migrations.RunSQL(NAME_SHEETS, migrations.RunSQL.noop),
        migrations.RemoveConstraint("upload", "upload_file_once"),
        migrations.AddConstraint(
            "upload",
            models.UniqueConstraint(
                fields=["agency", "instrument", "sha256", "sheet"],
                condition=Q(state="COMMITTED"),
                name="upload_file_once",
            ),
        ),
    ]
