"""A build knows the editions of the code lists that it was made with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0009_residences")]

    operations = [migrations.AddField("build", "lists", models.JSONField(default=dict))]
