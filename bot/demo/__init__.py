"""A month of the initiative, played on an embedded real homeserver."""
