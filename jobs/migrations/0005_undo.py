from django.db import migrations, models
from django.db.models.fields.json import KT


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0004_records_in_work'),
    ]

    operations = [
        migrations.AlterField(
            model_name='syncjob',
            name='kind',
            field=models.CharField(choices=[('modified', 'Synchronize Modified Records'), ('full', 'Run Full Synchronization'), ('records', 'Synchronize'), ('retry', 'Retry'), ('find_deleted', 'Find for Deleted'), ('match', 'Match-Based Coupling'), ('undo', 'Undo'), ('couple', 'Set Up Coupling'), ('uncouple', 'Remove Coupling')], max_length=20, verbose_name='kind'),
        ),
        migrations.RemoveConstraint(
            model_name='syncjob',
            name='one_long_job_per_mapping',
        ),
        migrations.AddConstraint(
            model_name='syncjob',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ('modified', 'full', 'find_deleted', 'match', 'undo')), ('state', 'running')), fields=('mapping',), name='one_long_job_per_mapping'),
        ),
        migrations.AddConstraint(
            model_name='syncjob',
            constraint=models.UniqueConstraint(KT('parameters__undoes'), condition=models.Q(('kind', 'undo'), ('state__in', ('queued', 'running', 'paused'))), name='one_undo_of_the_same'),
        ),
    ]
