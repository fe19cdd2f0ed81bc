import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

MOVE = """
INSERT INTO couplings_errorrequest (error_id, mapping_id, request, choices, by_id, at)
SELECT id, mapping_id, request, choices, requested_by_id, coalesce(requested_at, now())
FROM couplings_syncerror WHERE request <> '' AND state <> 'resolved' AND mapping_id IS NOT NULL
"""
# Constraints are checked at once, as the table is changed further in this transaction.
MOVE_BACK = """
UPDATE couplings_syncerror e SET request = r.request, choices = r.choices, requested_by_id = r.by_id,
    requested_at = r.at
FROM couplings_errorrequest r WHERE r.error_id = e.id AND e.state <> 'resolved';
SET CONSTRAINTS ALL IMMEDIATE
"""
# Nothing is asked for any more about an error that is closed or deleted, whoever does that. Most updates close none, and
# the condition passes those by.
FORGET = """
CREATE FUNCTION couplings_forget_request() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM couplings_errorrequest WHERE error_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_request_of_closed AFTER UPDATE OF state ON couplings_syncerror FOR EACH ROW
    WHEN (NEW.state = 'resolved' AND OLD.state <> 'resolved') EXECUTE FUNCTION couplings_forget_request();
CREATE FUNCTION couplings_forget_requests() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM couplings_errorrequest r USING deleted d WHERE r.error_id = d.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_requests_of_deleted AFTER DELETE ON couplings_syncerror REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION couplings_forget_requests();
"""
KEEP = """
DROP TRIGGER forget_request_of_closed ON couplings_syncerror;
DROP TRIGGER forget_requests_of_deleted ON couplings_syncerror;
DROP FUNCTION couplings_forget_request();
DROP FUNCTION couplings_forget_requests();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('couplings', '0020_waiting_records_of_a_job'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ErrorRequest',
            fields=[
                ('error', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='requested', serialize=False, to='couplings.syncerror')),
                ('mapping', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='couplings.tablemapping')),
                ('request', models.CharField(choices=[('', 'nothing'), ('retry', 'Retry'), ('use_left', 'Synchronize with the left data'), ('use_right', 'Synchronize with the right data'), ('choose', 'Synchronize field by field'), ('restore', 'Restore Records'), ('delete', 'Delete Records'), ('uncouple', 'Remove Coupling'), ('create', 'Create again')], max_length=10)),
                ('choices', models.JSONField(blank=True, default=dict)),
                ('by', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'request for an error',
                'verbose_name_plural': 'requests for errors',
                'indexes': [models.Index(fields=['mapping', 'error'], name='requests_of_a_mapping'), models.Index(fields=['at'], name='requests_at')],
            },
        ),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.RemoveIndex(
            model_name='syncerror',
            name='errors_requested',
        ),
        migrations.RemoveIndex(
            model_name='syncerror',
            name='errors_requested_at',
        ),
        migrations.RemoveField(
            model_name='syncerror',
            name='choices',
        ),
        migrations.RemoveField(
            model_name='syncerror',
            name='request',
        ),
        migrations.RemoveField(
            model_name='syncerror',
            name='requested_at',
        ),
        migrations.RemoveField(
            model_name='syncerror',
            name='requested_by',
        ),
        migrations.RunSQL(FORGET, KEEP),
    ]
