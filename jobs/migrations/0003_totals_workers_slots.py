import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('couplings', '0001_initial'),
        ('jobs', '0002_jobs_on_hold'),
    ]

    operations = [
        migrations.CreateModel(
            name='Slot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=30, unique=True)),
                ('next_run', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'slot',
                'verbose_name_plural': 'slots',
            },
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=300, unique=True)),
                ('started', models.DateTimeField()),
                ('seen', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'worker',
                'verbose_name_plural': 'workers',
            },
        ),
        migrations.CreateModel(
            name='Total',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('state', models.CharField(max_length=10)),
                ('name', models.CharField(max_length=20)),
                ('value', models.FloatField()),
                ('mapping', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'total',
                'verbose_name_plural': 'totals',
                'constraints': [models.UniqueConstraint(fields=('mapping', 'kind', 'state', 'name'), name='one_total_a_name')],
            },
        ),
        migrations.AddField(
            model_name='syncjob',
            name='counted',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(condition=models.Q(('counted', False)), fields=['id'], name='jobs_uncounted'),
        ),
    ]
