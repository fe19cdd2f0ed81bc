from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('couplings', '0003_circuits'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='syncerror',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['mapping', 'kind', 'first_seen'], name='errors_open_counted'),
        ),
    ]
