"""Tables that may be lost in a crash: the shared cache and the rate limits. Unlogged, so that they cost no write-ahead log."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE kernel_cache (
                cache_key varchar(255) PRIMARY KEY,
                value text NOT NULL,
                expires timestamptz NOT NULL
            );
            CREATE INDEX kernel_cache_expires ON kernel_cache (expires);
            CREATE UNLOGGED TABLE kernel_limit (
                key varchar(200) PRIMARY KEY,
                full_at timestamptz NOT NULL
            );
            """,
            "DROP TABLE kernel_cache; DROP TABLE kernel_limit;",
        )
    ]
