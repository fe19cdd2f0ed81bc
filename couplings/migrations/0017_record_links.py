from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('couplings', '0016_audit_log'),
    ]

    operations = [
        migrations.AddField(
            model_name='tablemapping',
            name='left_link',
            field=models.CharField(blank=True, default='', max_length=1000),
        ),
        migrations.AddField(
            model_name='tablemapping',
            name='right_link',
            field=models.CharField(blank=True, default='', max_length=1000),
        ),
    ]
