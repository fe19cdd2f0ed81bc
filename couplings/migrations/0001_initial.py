import django.db.models.deletion
import django.db.models.functions.text
import syncstatus.engine.rules
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Coupling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('left_key', models.TextField(verbose_name='left key')),
                ('right_key', models.TextField(verbose_name='right key')),
                ('left_version', models.TextField(default='')),
                ('right_version', models.TextField(default='')),
                ('base', models.TextField(default='{}')),
                ('base_right', models.TextField(blank=True, null=True)),
                ('coupled_at', models.DateTimeField(auto_now_add=True, verbose_name='coupled at')),
                ('last_synced', models.DateTimeField(blank=True, null=True, verbose_name='last synchronized')),
                ('left_outcome', models.CharField(blank=True, default='', max_length=20)),
                ('left_written_at', models.DateTimeField(blank=True, null=True)),
                ('right_outcome', models.CharField(blank=True, default='', max_length=20)),
                ('right_written_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'coupling',
                'verbose_name_plural': 'couplings',
                'permissions': [('synchronize_records', 'Can synchronize, retry and restore records'), ('remove_couplings', 'Can couple records and remove couplings'), ('delete_records', 'Can delete records in the business applications')],
            },
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('kind', models.CharField(max_length=30, verbose_name='kind')),
                ('settings', models.JSONField(default=dict, verbose_name='settings')),
                ('secret', models.TextField(blank=True, default='', editable=False)),
                ('last_check', models.DateTimeField(blank=True, null=True, verbose_name='last check')),
                ('healthy', models.BooleanField(null=True, verbose_name='healthy')),
                ('health', models.JSONField(default=dict, verbose_name='health')),
                ('open_until', models.DateTimeField(blank=True, null=True, verbose_name='circuit open until')),
            ],
            options={
                'verbose_name': 'connection',
                'verbose_name_plural': 'connections',
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Upper('name'), name='one_connection_a_name')],
            },
        ),
        migrations.CreateModel(
            name='TableMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('left_schema', models.CharField(blank=True, default='', max_length=200)),
                ('left_table', models.CharField(max_length=200)),
                ('left_key', models.JSONField(default=list)),
                ('left_modified_on', models.CharField(blank=True, default='', max_length=200)),
                ('left_version', models.CharField(blank=True, default='', max_length=200)),
                ('left_filter', models.JSONField(blank=True, default=dict)),
                ('right_schema', models.CharField(blank=True, default='', max_length=200)),
                ('right_table', models.CharField(max_length=200)),
                ('right_key', models.JSONField(default=list)),
                ('right_modified_on', models.CharField(blank=True, default='', max_length=200)),
                ('right_version', models.CharField(blank=True, default='', max_length=200)),
                ('right_filter', models.JSONField(blank=True, default=dict)),
                ('direction', models.CharField(choices=[('bidirectional', 'Bidirectional'), ('left_to_right', 'Left to right'), ('right_to_left', 'Right to left')], default=syncstatus.engine.rules.Direction['BIDIRECTIONAL'], max_length=20, verbose_name='direction')),
                ('only_coupled', models.BooleanField(default=False, verbose_name='synch. only coupled records')),
                ('update_conflict', models.CharField(choices=[('ask', 'ask a person'), ('left', 'the left side wins'), ('right', 'the right side wins'), ('newest', 'the newest wins')], default=syncstatus.engine.rules.UpdatePolicy['ASK'], max_length=20, verbose_name='resolve update conflicts')),
                ('deletion_conflict', models.CharField(choices=[('ask', 'ask a person'), ('restore', 'create it again'), ('uncouple', 'remove the coupling'), ('delete', 'delete it on the other side as well')], default=syncstatus.engine.rules.DeletionPolicy['ASK'], max_length=20, verbose_name='resolve deletion conflicts')),
                ('deleted_and_changed', models.CharField(choices=[('ask', 'ask a person'), ('restore', 'create it again'), ('uncouple', 'remove the coupling'), ('delete', 'delete it on the other side as well')], default=syncstatus.engine.rules.DeletionPolicy['ASK'], max_length=20, verbose_name='deleted and changed')),
                ('guard_share', models.FloatField(default=0.5)),
                ('guard_count', models.PositiveIntegerField(default=100)),
                ('enabled', models.BooleanField(default=True, verbose_name='enabled')),
                ('paused', models.BooleanField(default=False, verbose_name='paused')),
                ('schedule_every', models.PositiveIntegerField(blank=True, null=True, verbose_name='synchronize every (seconds)')),
                ('next_run', models.DateTimeField(blank=True, null=True, verbose_name='next run')),
                ('left_cursor', models.JSONField(blank=True, null=True)),
                ('right_cursor', models.JSONField(blank=True, null=True)),
                ('cursor_scope', models.CharField(blank=True, default='', max_length=64)),
                ('last_sweep', models.DateTimeField(blank=True, null=True)),
                ('depends_on', models.ManyToManyField(blank=True, related_name='dependents', to='couplings.tablemapping')),
                ('left_connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='couplings.connection', verbose_name='left connection')),
                ('right_connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='couplings.connection', verbose_name='right connection')),
            ],
            options={
                'verbose_name': 'table mapping',
                'verbose_name_plural': 'table mappings',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='SyncLogEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.BigIntegerField(verbose_name='job')),
                ('coupling', models.BigIntegerField(blank=True, null=True, verbose_name='coupling')),
                ('left_key', models.TextField(blank=True, null=True)),
                ('right_key', models.TextField(blank=True, null=True)),
                ('outcome', models.CharField(max_length=20, verbose_name='outcome')),
                ('code', models.CharField(blank=True, default='', max_length=60)),
                ('params', models.TextField(blank=True, default='{}')),
                ('changes', models.TextField(blank=True, default='{}')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('mapping', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'synchronization log entry',
                'verbose_name_plural': 'synchronization log entries',
            },
        ),
        migrations.CreateModel(
            name='SyncError',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('left_key', models.TextField(blank=True, null=True)),
                ('right_key', models.TextField(blank=True, null=True)),
                ('left_exists', models.BooleanField(null=True)),
                ('right_exists', models.BooleanField(null=True)),
                ('description', models.TextField(blank=True, default='', verbose_name='description')),
                ('kind', models.CharField(choices=[('conflict', 'conflict'), ('deleted', 'deleted'), ('deleted_and_changed', 'deleted and changed'), ('duplicate', 'duplicate'), ('ambiguous', 'ambiguous'), ('dependency', 'dependency'), ('validation', 'validation'), ('permission', 'permission'), ('unknown_outcome', 'unknown outcome'), ('schema', 'schema'), ('transient', 'transient'), ('connection', 'connection'), ('held', 'held')], max_length=20, verbose_name='kind')),
                ('code', models.CharField(max_length=60)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('fields', models.JSONField(blank=True, default=list)),
                ('details', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('retrying', 'retrying'), ('waiting', 'waiting'), ('skipped', 'skipped'), ('held', 'held'), ('ignored', 'ignored'), ('resolved', 'resolved')], max_length=10, verbose_name='state')),
                ('attempts', models.PositiveIntegerField(default=1, verbose_name='attempts')),
                ('next_attempt', models.DateTimeField(blank=True, null=True, verbose_name='next attempt')),
                ('job', models.BigIntegerField(blank=True, null=True, verbose_name='job')),
                ('first_seen', models.DateTimeField(verbose_name='first seen')),
                ('last_seen', models.DateTimeField(verbose_name='failed on')),
                ('request', models.CharField(blank=True, choices=[('', 'nothing'), ('retry', 'Retry'), ('use_left', 'Synchronize with the left data'), ('use_right', 'Synchronize with the right data'), ('choose', 'Synchronize field by field'), ('restore', 'Restore Records'), ('delete', 'Delete Records'), ('uncouple', 'Remove Coupling')], default='', max_length=10)),
                ('choices', models.JSONField(blank=True, default=dict)),
                ('requested_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('resolution', models.CharField(blank=True, choices=[('in_step', 'found in step'), ('synchronized', 'synchronized'), ('restored', 'restored'), ('deleted', 'deleted'), ('uncoupled', 'coupling removed'), ('coupled', 'coupled by hand'), ('excluded', 'outside the filter'), ('recovered', 'the connection works again'), ('superseded', 'the mapping was changed')], default='', max_length=20)),
                ('connection', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, to='couplings.connection')),
                ('coupling', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='errors', to='couplings.coupling')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('resolved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mapping', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'synchronization error',
                'verbose_name_plural': 'synchronization errors',
            },
        ),
        migrations.CreateModel(
            name='FieldMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=0)),
                ('left', models.CharField(max_length=200, verbose_name='left field')),
                ('right', models.CharField(max_length=200, verbose_name='right field')),
                ('direction', models.CharField(choices=[('bidirectional', 'Bidirectional'), ('left_to_right', 'Left to right'), ('right_to_left', 'Right to left')], default=syncstatus.engine.rules.Direction['BIDIRECTIONAL'], max_length=20, verbose_name='direction')),
                ('transforms', models.JSONField(blank=True, default=list, verbose_name='transformations')),
                ('policy', models.CharField(blank=True, choices=[('ask', 'ask a person'), ('left', 'the left side wins'), ('right', 'the right side wins'), ('newest', 'the newest wins')], default='', max_length=20, verbose_name='conflict')),
                ('match', models.PositiveIntegerField(blank=True, null=True, verbose_name='match priority')),
                ('case_sensitive', models.BooleanField(default=True, verbose_name='case-sensitive')),
                ('mapping', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='fields', to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'field mapping',
                'verbose_name_plural': 'field mappings',
                'ordering': ['mapping', 'position'],
            },
        ),
        migrations.AddField(
            model_name='coupling',
            name='mapping',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='couplings', to='couplings.tablemapping'),
        ),
        migrations.CreateModel(
            name='UncoupledRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('left', 'left'), ('right', 'right')], max_length=5)),
                ('key', models.TextField()),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mapping', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='uncoupled_records', to='couplings.tablemapping')),
            ],
            options={
                'verbose_name': 'uncoupled record',
                'verbose_name_plural': 'uncoupled records',
            },
        ),
        migrations.AddIndex(
            model_name='tablemapping',
            index=models.Index(condition=models.Q(('next_run__isnull', False)), fields=['next_run'], name='mappings_due'),
        ),
        migrations.AddConstraint(
            model_name='tablemapping',
            constraint=models.UniqueConstraint(fields=('name',), name='one_table_mapping_a_name'),
        ),
        migrations.AddConstraint(
            model_name='tablemapping',
            constraint=models.CheckConstraint(condition=models.Q(('name', django.db.models.functions.text.Upper('name'))), name='table_mapping_name_is_upper_case'),
        ),
        migrations.AddConstraint(
            model_name='tablemapping',
            constraint=models.CheckConstraint(condition=models.Q(('guard_share__gte', 0), ('guard_share__lte', 1)), name='guard_share_between_0_and_1'),
        ),
        migrations.AddIndex(
            model_name='synclogentry',
            index=models.Index(fields=['coupling', '-id'], name='log_of_a_record'),
        ),
        migrations.AddIndex(
            model_name='synclogentry',
            index=models.Index(fields=['job', 'outcome', 'id'], name='log_of_a_job'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['-last_seen', '-id'], name='errors_open_newest'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['mapping', '-last_seen', '-id'], name='errors_open_of_mapping'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['kind', '-last_seen', '-id'], name='errors_open_of_kind'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(models.Q(('state', 'resolved'), _negated=True), models.Q(('request', ''), _negated=True)), fields=['mapping', 'id'], name='errors_requested'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'retrying')), fields=['mapping', 'next_attempt'], name='errors_due'),
        ),
        migrations.AddConstraint(
            model_name='syncerror',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('state', 'resolved'), _negated=True), ('left_key__isnull', False)), fields=('mapping', 'left_key'), name='one_open_error_a_left_record'),
        ),
        migrations.AddConstraint(
            model_name='syncerror',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('state', 'resolved'), _negated=True), ('right_key__isnull', False)), fields=('mapping', 'right_key'), name='one_open_error_a_right_record'),
        ),
        migrations.AddConstraint(
            model_name='syncerror',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('state', 'resolved'), _negated=True), ('left_key__isnull', True), ('right_key__isnull', True)), fields=('mapping',), name='one_open_error_a_mapping'),
        ),
        migrations.AddConstraint(
            model_name='syncerror',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('state', 'resolved'), _negated=True), ('mapping__isnull', True)), fields=('connection',), name='one_open_error_a_connection'),
        ),
        migrations.AddConstraint(
            model_name='syncerror',
            constraint=models.CheckConstraint(condition=models.Q(('mapping__isnull', False), ('connection__isnull', False), _connector='XOR'), name='error_of_a_mapping_or_a_connection'),
        ),
        migrations.AddConstraint(
            model_name='syncerror',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', False), ('state', 'resolved')), models.Q(models.Q(('state', 'resolved'), _negated=True), ('resolved_at__isnull', True)), _connector='OR'), name='resolved_errors_say_when'),
        ),
        migrations.AddConstraint(
            model_name='fieldmapping',
            constraint=models.UniqueConstraint(fields=('mapping', 'left', 'right'), name='one_field_mapping_a_pair_of_fields'),
        ),
        migrations.AddIndex(
            model_name='coupling',
            index=models.Index(fields=['mapping', 'id'], name='couplings_of_a_mapping'),
        ),
        migrations.AddConstraint(
            model_name='coupling',
            constraint=models.UniqueConstraint(fields=('mapping', 'left_key'), name='left_record_coupled_once'),
        ),
        migrations.AddConstraint(
            model_name='coupling',
            constraint=models.UniqueConstraint(fields=('mapping', 'right_key'), name='right_record_coupled_once'),
        ),
        migrations.AddConstraint(
            model_name='uncoupledrecord',
            constraint=models.UniqueConstraint(fields=('mapping', 'side', 'key'), name='record_uncoupled_once'),
        ),
        # A run rewrites the couplings it puts in step. With room left on their page, PostgreSQL leaves the indexes alone.
        migrations.RunSQL(
            "ALTER TABLE couplings_coupling SET (fillfactor = 60)",
            "ALTER TABLE couplings_coupling RESET (fillfactor)",
        ),
    ]
