"""What a simulated store is made of on disk: settings, secrets, and the programme of the demo."""
