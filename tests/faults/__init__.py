"""What the bot does with the sample capability when the homeserver fails it."""
