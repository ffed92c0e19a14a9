"""Jobs moved to an app of their own; a step of a submission is called a review step."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

JOB = models.OneToOneField(
    null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="jobs.job"
)


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0004_late_rows_and_closed_rows"),
        ("jobs", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AlterField("upload", "job", JOB)]
        ),
        migrations.RenameModel("Passage", "ReviewStep"),
        migrations.AlterField(
            "reviewstep",
            "submission",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="review_steps",
                to="records.submission",
            ),
        ),
    ]
