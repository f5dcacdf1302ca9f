"""One module per command. Each is imported only when its command runs, so that a gateway stays small."""
