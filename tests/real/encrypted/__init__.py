"""The bot in encrypted rooms, with members whose client is not ours."""
