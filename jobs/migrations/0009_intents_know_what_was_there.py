from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0008_parts_of_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='createintent',
            name='behind',
            field=models.TextField(blank=True, null=True),
        ),
    ]
