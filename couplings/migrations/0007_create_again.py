from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('couplings', '0006_columns_seen'),
    ]

    operations = [
        migrations.AlterField(
            model_name='syncerror',
            name='request',
            field=models.CharField(blank=True, choices=[('', 'nothing'), ('retry', 'Retry'), ('use_left', 'Synchronize with the left data'), ('use_right', 'Synchronize with the right data'), ('choose', 'Synchronize field by field'), ('restore', 'Restore Records'), ('delete', 'Delete Records'), ('uncouple', 'Remove Coupling'), ('create', 'Create again')], default='', max_length=10),
        ),
    ]
