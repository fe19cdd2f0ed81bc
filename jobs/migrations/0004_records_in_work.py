import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# Locks end with whoever holds them, so a crash of PostgreSQL may empty the tables; and marks do not compress.
UNLOGGED = """
ALTER TABLE jobs_recordholder SET UNLOGGED;
ALTER TABLE jobs_recordlock SET UNLOGGED;
ALTER TABLE jobs_recordlock ALTER COLUMN records SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('couplings', '0001_initial'),
        ('jobs', '0003_totals_workers_slots'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='syncjob',
            name='one_active_job_per_mapping',
        ),
        migrations.AddConstraint(
            model_name='syncjob',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ('modified', 'full', 'find_deleted', 'match')), ('state', 'running')), fields=('mapping',), name='one_long_job_per_mapping'),
        ),
        migrations.CreateModel(
            name='RecordHolder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('until', models.DateTimeField()),
                ('seen', models.BigIntegerField()),
                ('mapping', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'holder of records',
                'verbose_name_plural': 'holders of records',
                'constraints': [models.UniqueConstraint(fields=('mapping', 'name'), name='one_entry_a_holder')],
            },
        ),
        migrations.CreateModel(
            name='RecordLock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('holder', models.CharField(max_length=100)),
                ('records', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('released', models.BigIntegerField(blank=True, null=True)),
                ('mapping', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'records in work',
                'verbose_name_plural': 'records in work',
                'indexes': [models.Index(fields=['mapping'], name='locks_of_a_mapping')],
            },
        ),
        migrations.RunSQL(UNLOGGED, migrations.RunSQL.noop),
    ]
