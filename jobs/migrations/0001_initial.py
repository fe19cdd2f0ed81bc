import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('couplings', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CreateIntent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(max_length=5)),
                ('source_key', models.TextField()),
                ('idempotency_key', models.UUIDField()),
                ('target_key', models.TextField(blank=True, null=True)),
                ('values', models.TextField(default='{}')),
                ('job', models.BigIntegerField()),
                ('created', models.DateTimeField(auto_now_add=True)),
                ('mapping', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'create intent',
                'verbose_name_plural': 'create intents',
                'constraints': [models.UniqueConstraint(fields=('mapping', 'side', 'source_key'), name='one_intent_a_record')],
            },
        ),
        migrations.CreateModel(
            name='SyncJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('modified', 'Synchronize Modified Records'), ('full', 'Run Full Synchronization'), ('records', 'Synchronize'), ('retry', 'Retry'), ('find_deleted', 'Find for Deleted'), ('match', 'Match-Based Coupling'), ('couple', 'Set Up Coupling'), ('uncouple', 'Remove Coupling')], max_length=20, verbose_name='kind')),
                ('trigger', models.CharField(choices=[('schedule', 'schedule'), ('manual', 'manual'), ('event', 'event'), ('retry', 'retry')], max_length=10, verbose_name='trigger')),
                ('parameters', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('queued', 'Ready'), ('running', 'In Process'), ('finished', 'Finished'), ('failed', 'Error'), ('cancelled', 'Cancelled')], default='queued', max_length=10, verbose_name='state')),
                ('holder', models.CharField(blank=True, default='', max_length=100)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('progress', models.JSONField(blank=True, default=dict)),
                ('read', models.PositiveBigIntegerField(default=0)),
                ('inserted', models.PositiveBigIntegerField(default=0, verbose_name='Inserted')),
                ('modified', models.PositiveBigIntegerField(default=0, verbose_name='Modified')),
                ('deleted', models.PositiveBigIntegerField(default=0, verbose_name='Deleted')),
                ('unchanged', models.PositiveBigIntegerField(default=0, verbose_name='Unchanged')),
                ('coupled', models.PositiveBigIntegerField(default=0, verbose_name='Coupled')),
                ('uncoupled', models.PositiveBigIntegerField(default=0, verbose_name='Uncoupled')),
                ('excluded', models.PositiveBigIntegerField(default=0, verbose_name='Excluded')),
                ('waiting', models.PositiveBigIntegerField(default=0, verbose_name='Waiting')),
                ('held', models.PositiveBigIntegerField(default=0, verbose_name='Held')),
                ('skipped', models.PositiveBigIntegerField(default=0, verbose_name='Skipped')),
                ('failed', models.PositiveBigIntegerField(default=0, verbose_name='Failed')),
                ('left_written', models.PositiveBigIntegerField(default=0)),
                ('right_written', models.PositiveBigIntegerField(default=0)),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('started', models.DateTimeField(blank=True, null=True, verbose_name='started')),
                ('finished', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('code', models.CharField(blank=True, default='', max_length=60)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('mapping', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='couplings.tablemapping')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'synchronization job',
                'verbose_name_plural': 'synchronization jobs',
                'indexes': [models.Index(fields=['mapping', '-id'], name='jobs_of_a_mapping'), models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['state', 'id'], name='jobs_active')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('mapping',), name='one_active_job_per_mapping'), models.UniqueConstraint(condition=models.Q(('kind__in', ['modified', 'retry']), ('state', 'queued')), fields=('mapping', 'kind'), name='one_queued_job_per_mapping_and_kind'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until__isnull', True)), _connector='OR'), name='running_jobs_have_a_lease')],
            },
        ),
    ]
