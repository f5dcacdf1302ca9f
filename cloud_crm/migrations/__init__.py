"""How the database came to its present shape: Alembic revisions, applied when the cloud starts."""
