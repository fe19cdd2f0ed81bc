import couplings.models.derived
import django.contrib.postgres.indexes
import django.db.models.fields.json
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

# A row for each group that a statement opened or deleted errors of; transition tables cost least where all rows count.
OPENED = """
CREATE FUNCTION couplings_count_opened() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO couplings_errorcount (mapping, connection, kind, state, cause, assigned_to, number, folded)
    SELECT coalesce(mapping_id, 0), coalesce(connection_id, 0), kind, state, cause, coalesce(assigned_to_id, 0),
        CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END * count(*), false
    FROM changed WHERE state <> 'resolved' GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END $$;
CREATE TRIGGER count_opened AFTER INSERT ON couplings_syncerror REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION couplings_count_opened();
CREATE TRIGGER count_deleted AFTER DELETE ON couplings_syncerror REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION couplings_count_opened();
"""
# Most updates move no error to another group (a wish on a million rows, for one), and the condition passes those by.
MOVED = """
CREATE FUNCTION couplings_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO couplings_errorcount (mapping, connection, kind, state, cause, assigned_to, number, folded)
    SELECT coalesce(m.mapping, 0), coalesce(m.connection, 0), m.kind, m.state, m.cause, coalesce(m.assigned_to, 0),
        m.number, false
    FROM (VALUES
        (OLD.mapping_id, OLD.connection_id, OLD.kind, OLD.state, OLD.cause, OLD.assigned_to_id, -1),
        (NEW.mapping_id, NEW.connection_id, NEW.kind, NEW.state, NEW.cause, NEW.assigned_to_id, 1)
    ) AS m (mapping, connection, kind, state, cause, assigned_to, number)
    WHERE m.state <> 'resolved';
    RETURN NULL;
END $$;
CREATE TRIGGER count_moved AFTER UPDATE ON couplings_syncerror FOR EACH ROW
    WHEN ((OLD.mapping_id, OLD.connection_id, OLD.kind, OLD.state, OLD.cause, OLD.assigned_to_id)
        IS DISTINCT FROM
        (NEW.mapping_id, NEW.connection_id, NEW.kind, NEW.state, NEW.cause, NEW.assigned_to_id))
    EXECUTE FUNCTION couplings_count_moved();
"""
FORGET = """
DROP TRIGGER count_opened ON couplings_syncerror;
DROP TRIGGER count_deleted ON couplings_syncerror;
DROP TRIGGER count_moved ON couplings_syncerror;
DROP FUNCTION couplings_count_opened();
DROP FUNCTION couplings_count_moved();
"""
COUNT = """
INSERT INTO couplings_errorcount (mapping, connection, kind, state, cause, assigned_to, number, folded)
SELECT coalesce(mapping_id, 0), coalesce(connection_id, 0), kind, state, cause, coalesce(assigned_to_id, 0), count(*), true
FROM couplings_syncerror WHERE state <> 'resolved' GROUP BY 1, 2, 3, 4, 5, 6
"""


class Migration(migrations.Migration):

    dependencies = [
        ('couplings', '0017_record_links'),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='ErrorCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mapping', models.BigIntegerField()),
                ('connection', models.BigIntegerField()),
                ('kind', models.CharField(max_length=20)),
                ('state', models.CharField(max_length=10)),
                ('cause', models.CharField(max_length=32)),
                ('assigned_to', models.BigIntegerField()),
                ('number', models.BigIntegerField()),
                ('folded', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'count of errors',
                'verbose_name_plural': 'counts of errors',
                'indexes': [models.Index(fields=['mapping', 'cause'], name='counts_of_a_cause'), models.Index(condition=models.Q(('folded', False)), fields=['id'], name='counts_to_fold')],
            },
        ),
        migrations.RemoveIndex(
            model_name='syncerror',
            name='errors_open_of_kind',
        ),
        migrations.RemoveIndex(
            model_name='syncerror',
            name='errors_open_of_cause',
        ),
        # PostgreSQL changes no expression of a generated column: it is made anew.
        migrations.RemoveField(model_name='syncerror', name='cause'),
        migrations.AddField(
            model_name='syncerror',
            name='cause',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.MD5(django.db.models.functions.text.Concat(django.db.models.functions.comparison.Cast('code', models.TextField()), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Cast('fields', models.TextField()), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(django.db.models.fields.json.KeyTextTransform('side', 'params'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(django.db.models.fields.json.KeyTextTransform('deleted_side', 'params'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(django.db.models.fields.json.KeyTextTransform('missing_side', 'params'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(django.db.models.fields.json.KeyTextTransform('limit', 'params'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(django.db.models.fields.json.KeyTextTransform('reason', 'params'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(django.db.models.fields.json.KeyTextTransform('transform', 'params'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(models.Case(models.When(code='value_not_mapped', then=django.db.models.fields.json.KeyTextTransform('value', 'params')), models.When(code='parent_missing', then=django.db.models.fields.json.KeyTextTransform('parent', 'params')), default=models.Value('', output_field=models.TextField()), output_field=models.TextField()), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), output_field=models.TextField())), output_field=models.CharField(max_length=32)),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['kind', 'last_seen', 'id'], name='errors_open_of_kind'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state__in', ('skipped', 'held'))), fields=['last_seen', 'id'], name='errors_open_for_a_person'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state__in', ('retrying', 'waiting'))), fields=['last_seen', 'id'], name='errors_open_by_itself'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved')), fields=['last_seen', 'id'], name='errors_resolved'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['first_seen', 'last_seen', 'id'], name='errors_open_oldest'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(django.db.models.functions.text.Left('description', 100), models.F('last_seen'), models.F('id'), condition=models.Q(('state', 'resolved'), _negated=True), name='errors_open_described'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(models.Case(models.When(left_key__isnull=True, then=models.Value('', output_field=models.TextField())), default=django.db.models.functions.comparison.Coalesce(django.db.models.functions.text.Left('right_key', 100), models.Value('', output_field=models.TextField())), output_field=models.TextField()), models.F('last_seen'), models.F('id'), condition=models.Q(('state', 'resolved'), _negated=True), name='errors_open_coupled_to'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(django.db.models.functions.comparison.Coalesce(models.Case(models.When(left_key__isnull=True, then=models.F('right_exists')), default=models.F('left_exists')), models.Value(False), output_field=models.BooleanField()), models.F('last_seen'), models.F('id'), condition=models.Q(('state', 'resolved'), _negated=True), name='errors_open_existing'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(django.db.models.functions.comparison.Coalesce(models.Case(models.When(left_key__isnull=True, then=models.F('left_exists')), default=models.F('right_exists')), models.Value(False), output_field=models.BooleanField()), models.F('last_seen'), models.F('id'), condition=models.Q(('state', 'resolved'), _negated=True), name='errors_open_coupled_existing'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['code', 'last_seen', 'id'], name='errors_open_of_code'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['attempts', 'last_seen', 'id'], name='errors_open_attempts'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper(django.db.models.functions.text.Concat(models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(models.F('description'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(models.F('left_key'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(models.F('right_key'), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(django.db.models.functions.comparison.Cast('fields', models.TextField()), models.Value('', output_field=models.TextField())), models.Value(' ', output_field=models.TextField()), django.db.models.functions.comparison.Coalesce(couplings.models.derived.Strings(models.F('params')), models.Value('', output_field=models.TextField())), output_field=models.TextField())), name='gin_trgm_ops'), condition=models.Q(('state', 'resolved'), _negated=True), name='errors_open_searched'),
        ),
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['mapping', 'cause', 'last_seen', 'id'], name='errors_open_of_cause'),
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.RunSQL(OPENED + MOVED, FORGET),
    ]
