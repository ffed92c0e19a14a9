"""A file that was replaced by a later one may come once more: what stands is asked, under a lock of the file."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0019_layouts")]

    operations = [
        migrations.RemoveConstraint("upload", "upload_file_once"),
        migrations.AddIndex(
            "upload", models.Index(fields=["agency", "sha256"], name="uploads_of_a_file")
        ),
    ]
