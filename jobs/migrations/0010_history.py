from django.conf import settings
from django.db import migrations, models

# The jobs of the last weeks are counted already; from now on whoever counts a job adds it to its day, too.
DAYS = """
    INSERT INTO jobs_daytotal (day, name, value)
    SELECT (finished AT TIME ZONE %s)::date AS day, name, sum(value)
    FROM jobs_syncjob CROSS JOIN LATERAL (VALUES
        ('inserted', inserted), ('modified', modified), ('deleted', deleted), ('unchanged', unchanged),
        ('coupled', coupled), ('uncoupled', uncoupled), ('excluded', excluded), ('waiting', waiting), ('held', held),
        ('skipped', skipped), ('failed', failed)) AS figure (name, value)
    WHERE counted AND kind <> 'preview' AND finished > now() - interval '15 days'
    GROUP BY day, name HAVING sum(value) <> 0
"""
# How many errors were open at the end of each day is told by when they opened and closed.
ERRORS = """
    INSERT INTO jobs_openerrors (at, count)
    SELECT moment, (
        SELECT count(*) FROM couplings_syncerror WHERE first_seen < moment AND coalesce(resolved_at >= moment, true))
    FROM generate_series(date_trunc('day', now()) - interval '14 days', date_trunc('day', now()), interval '1 day')
        AS moment
    WHERE EXISTS (SELECT FROM couplings_syncerror)
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(DAYS, [settings.TIME_ZONE])
        cursor.execute(ERRORS)


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0009_intents_know_what_was_there'),
    ]

    operations = [
        migrations.CreateModel(
            name='DayTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('name', models.CharField(max_length=20)),
                ('value', models.PositiveBigIntegerField()),
            ],
            options={
                'verbose_name': 'total of a day',
                'verbose_name_plural': 'totals of days',
            },
        ),
        migrations.CreateModel(
            name='OpenErrors',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(unique=True)),
                ('count', models.PositiveBigIntegerField()),
            ],
            options={
                'verbose_name': 'number of open errors',
                'verbose_name_plural': 'numbers of open errors',
            },
        ),
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['created'], name='jobs_failed'),
        ),
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(condition=models.Q(('finished__isnull', False)), fields=['finished'], name='jobs_ended'),
        ),
        migrations.AddConstraint(
            model_name='daytotal',
            constraint=models.UniqueConstraint(fields=('day', 'name'), name='one_total_a_day_and_name'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
