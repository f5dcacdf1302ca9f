"""Pictures as they come from cameras; what is in them is for others to say."""
