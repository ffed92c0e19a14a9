"""Tokens of programs. `app` may revoke one, and change nothing else of it."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

LOCKS = """
REVOKE UPDATE, DELETE ON agencies_token FROM migdata_app;
GRANT UPDATE (revoked_at, revoked_by_id) ON agencies_token TO migdata_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0011_practice"),
    ]

    operations = [
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("mark", models.CharField(max_length=12, unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("verbs", models.JSONField()),
                ("instruments", models.JSONField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="TokenUse",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="use",
                        serialize=False,
                        to="agencies.token",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("address", models.CharField(max_length=45)),
            ],
        ),
        migrations.AddIndex(
            model_name="token",
            index=models.Index(models.F("agency"), models.F("id"), name="token_of_an_agency"),
        ),
        migrations.RunSQL(LOCKS, migrations.RunSQL.noop),
    ]
