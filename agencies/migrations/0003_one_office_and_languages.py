"""One statistics office; a language only where somebody chose it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agencies", "0002_database_roles")]
    operations = [
        migrations.AlterField(
            "person",
            "language",
            models.CharField(blank=True, default="", max_length=2, verbose_name="language"),
        ),
        # Until now nobody could choose: "en" was what every account began with.
        migrations.RunSQL(
            "UPDATE agencies_person SET language = '' WHERE language = 'en'",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            "agency",
            models.UniqueConstraint(
                condition=models.Q(("statistics_office", True)),
                fields=("statistics_office",),
                name="one_statistics_office",
            ),
        ),
    ]
