"""What is promised to those who verify the bot."""
