from django.db import migrations


class Migration(migrations.Migration):
    """A run rewrites the couplings it puts in step. With room left on their page, PostgreSQL leaves the indexes alone."""

    dependencies = [("couplings", "0002_syncerror_job_alter_syncerror_resolution_and_more")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE couplings_coupling SET (fillfactor = 60)",
            "ALTER TABLE couplings_coupling RESET (fillfactor)",
        )
    ]
