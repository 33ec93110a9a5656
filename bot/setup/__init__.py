"""`uagbot setup`: asks, makes the keys, and writes the settings."""
