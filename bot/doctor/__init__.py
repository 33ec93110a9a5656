"""`uagbot check`: examines everything, and says what to do."""
