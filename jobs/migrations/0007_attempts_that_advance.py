from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0006_plans'),
    ]

    operations = [
        migrations.AddField(
            model_name='syncjob',
            name='advanced_in',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
