"""The job row belongs to the app `jobs` now; its table was renamed there."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("migdata", "0002_reasons_in_every_language"),
        ("jobs", "0001_initial"),
        ("records", "0005_review_steps"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Job")])
    ]
