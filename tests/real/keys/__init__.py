"""The keys of the bot: made, examined, recovered and moved."""
