"""The verbs: what members can say, what happens at a deadline, what a vote or a reaction does."""
