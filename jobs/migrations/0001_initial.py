"""The job row moves here from the app `migdata`: its table is renamed, its rows and foreign keys stay."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

RENAME = "ALTER TABLE migdata_job RENAME TO jobs_job"
RENAME_BACK = "ALTER TABLE jobs_job RENAME TO migdata_job"
SEQUENCE = "ALTER SEQUENCE migdata_job_id_seq RENAME TO jobs_job_id_seq"
SEQUENCE_BACK = "ALTER SEQUENCE jobs_job_id_seq RENAME TO migdata_job_id_seq"
STATES = [("QUEUED", "waiting"), ("RUNNING", "running"), ("DONE", "done"), ("FAILED", "failed")]
PERSON = settings.AUTH_USER_MODEL


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("migdata", "0002_reasons_in_every_language"),
        # Made while uploads still pointed to the old table.
        ("records", "0004_late_rows_and_closed_rows"),
        migrations.swappable_dependency(PERSON),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Job",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("name", models.CharField(max_length=60)),
                        ("key", models.CharField(max_length=200, unique=True)),
                        ("args", models.JSONField(default=dict)),
                        ("agencies", models.JSONField(default=list)),
                        (
                            "state",
                            models.CharField(choices=STATES, default="QUEUED", max_length=8),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("worker", models.CharField(blank=True, max_length=80)),
                        ("lease_until", models.DateTimeField(null=True)),
                        ("woken_at", models.DateTimeField(null=True)),
                        ("progress", models.JSONField(default=dict)),
                        ("because", models.JSONField(default=dict)),
                        ("error", models.CharField(blank=True, max_length=120)),
                        ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("finished_at", models.DateTimeField(null=True)),
                        (
                            "asked_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to=PERSON,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                models.F("lease_until"),
                                condition=models.Q(("state__in", ["QUEUED", "RUNNING"])),
                                name="job_open",
                            )
                        ],
                    },
                ),
            ],
            database_operations=[
                migrations.RunSQL(RENAME, RENAME_BACK),
                migrations.RunSQL(SEQUENCE, SEQUENCE_BACK),
            ],
        ),
    ]
