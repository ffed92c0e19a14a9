from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_the_jobs_that_ended_last")]
    operations = [
        migrations.AddField(
            model_name="job",
            name="postponed",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
