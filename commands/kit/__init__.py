"""The small framework that all capabilities share."""
