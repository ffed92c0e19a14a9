"""What a build pins of its crossings beside their slices: whose usual residence they changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0008_subscriptions")]

    operations = [migrations.AddField("build", "residences", models.JSONField(default=dict))]
