"""Sales as tills tell them: signed HTTP requests, or CSV files in a watched folder."""
