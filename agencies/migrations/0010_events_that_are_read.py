"""Events name their objects, and are found by time, person, agency, object and kind; the role of auditors."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0009_changes_of_agencies_and_reviews"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="agency",
            options={
                "default_permissions": (),
                "ordering": ["code"],
                "permissions": [
                    ("clerk", "Clerk"),
                    ("reviewer", "Reviewer"),
                    ("agency_admin", "Agency administrator"),
                    ("statistician", "Statistician"),
                    ("publisher", "Publisher"),
                    ("viewer", "Viewer"),
                    ("national_admin", "National administrator"),
                    ("auditor", "Auditor"),
                ],
                "verbose_name_plural": "agencies",
            },
        ),
        migrations.AlterModelOptions(
            name="event",
            options={"ordering": ["-at", "-pk"]},
        ),
        migrations.RemoveIndex(
            model_name="event",
            name="event_subject",
        ),
        migrations.AddField(
            model_name="event",
            name="deed",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Concat(
                    models.Func(
                        models.F("subject"),
                        models.Value(":"),
                        models.Value(1),
                        function="split_part",
                        output_field=models.TextField(),
                    ),
                    models.Value(" "),
                    models.F("verb"),
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="name",
            field=models.CharField(blank=True, default="", max_length=254),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(models.F("at"), models.F("id"), name="event_at"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("subject"), models.F("at"), models.F("id"), name="event_subject_at"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("person_id"), models.F("at"), models.F("id"), name="event_person_at"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("agency"), models.F("at"), models.F("id"), name="event_agency_at"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("deed"), models.F("at"), models.F("id"), name="event_deed_at"
            ),
        ),
    ]
