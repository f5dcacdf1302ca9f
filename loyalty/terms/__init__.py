"""The whole programme as data: what may stand in ``programme.toml``, how it is read, and what is doubtful about it."""
