from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("couplings", "0003_room_for_updates"),
    ]

    operations = [
        migrations.AlterField(
            model_name="syncerror",
            name="resolution",
            field=models.CharField(
                blank=True,
                choices=[
                    ("in_step", "found in step"),
                    ("synchronized", "synchronized"),
                    ("restored", "restored"),
                    ("deleted", "deleted"),
                    ("uncoupled", "coupling removed"),
                    ("coupled", "coupled by hand"),
                    ("excluded", "outside the filter"),
                    ("recovered", "the connection works again"),
                    ("superseded", "the mapping was changed"),
                ],
                default="",
                max_length=20,
            ),
        ),
    ]
