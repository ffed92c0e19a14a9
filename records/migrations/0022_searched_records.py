"""Files of searched records, each for one person, behind the second lock; an index for the pages of a search."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

LOCK = import_module("records.migrations.0010_duties_by_instrument")
OWN = "asked_by_id::text = (SELECT current_setting('portal.person', true))"
RULE = f"{LOCK.OF_RECORDS} AND {LOCK.COVERED} AND ({LOCK.EVERYTHING} OR {OWN})"
LOCKS = f"""
ALTER TABLE records_export ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_export FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_export TO migdata_app USING ({RULE}) WITH CHECK ({RULE});
CREATE POLICY owner ON records_export TO migdata_owner USING (true) WITH CHECK (true);
CREATE TRIGGER stays_with_its_agency BEFORE UPDATE ON records_export FOR EACH ROW
    WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id) EXECUTE FUNCTION row_stays_with_its_agency();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0021_files_in_parts"),
        ("jobs", "0003_job_postponed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                ("query", models.TextField()),
                ("suffix", models.CharField(max_length=4)),
                ("language", models.CharField(max_length=2)),
                ("rows", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=32)),
                ("agency", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agencies.agency")),
                ("asked_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("instrument", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="records.instrument")),
                ("job", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="jobs.job")),
            ],
            options={"ordering": ["-pk"]},
        ),
        migrations.RunSQL(LOCKS, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(
                fields=["submission", "event_date", "id"],
                include=["agency", "sex", "citizenship", "count"],  # what is counted without the rows
                name="record_by_day",
            ),
        ),
    ]  # fmt: skip
