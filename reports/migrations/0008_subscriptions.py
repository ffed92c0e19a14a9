"""Subscriptions to releases. What was out, or withdrawn, before there were any is announced to nobody."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone


def announce_to_nobody(apps, schema_editor):
    now = timezone.now()
    builds = apps.get_model("reports", "Build").objects
    was_out = Q(release__embargo_at=None) | Q(release__embargo_at__lte=now)
    builds.filter(was_out, release__released_at__isnull=False).update(announced_at=now)
    builds.filter(release__state="WITHDRAWN").update(withdrawal_announced_at=now)


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0007_releases_for_readers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dataset", models.CharField(max_length=20)),
                ("site", models.CharField(max_length=200)),
                ("since", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("person", "dataset"), name="subscription_once")
                ],
            },
        ),
        migrations.AddField("build", "announced_at", models.DateTimeField(null=True)),
        migrations.AddField("build", "withdrawal_announced_at", models.DateTimeField(null=True)),
        migrations.RunPython(announce_to_nobody, migrations.RunPython.noop),
    ]
