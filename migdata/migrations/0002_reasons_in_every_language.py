"""Why a job failed, kept so that it can be said in every language; when a worker was told of it."""

import django.utils.timezone
from django.db import migrations, models

KEEP = """
UPDATE migdata_job SET because = jsonb_build_object('text', reason, 'values', '{}'::jsonb)
WHERE reason <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("migdata", "0001_initial")]
    operations = [
        migrations.AddField("job", "because", models.JSONField(default=dict)),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.RemoveField("job", "reason"),
        migrations.AddField("job", "error", models.CharField(blank=True, max_length=120)),
        migrations.AlterField(
            "job", "asked_at", models.DateTimeField(default=django.utils.timezone.now)
        ),
        migrations.AddField("job", "woken_at", models.DateTimeField(null=True)),
    ]
