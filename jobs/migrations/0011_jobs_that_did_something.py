from django.db import migrations, models

CHANGED = models.Q(
    ('inserted__gt', 0), ('modified__gt', 0), ('deleted__gt', 0), ('coupled__gt', 0), ('uncoupled__gt', 0),
    _connector='OR',
)


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0010_history'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(condition=CHANGED, fields=['id'], name='jobs_that_changed'),
        ),
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(condition=models.Q(('failed__gt', 0)), fields=['id'], name='jobs_with_failures'),
        ),
    ]
