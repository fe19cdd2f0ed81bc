from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0007_attempts_that_advance'),
    ]

    operations = [
        migrations.AddField(
            model_name='createintent',
            name='behind',
            field=models.TextField(blank=True, null=True),
        ),
    ]
