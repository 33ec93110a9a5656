"""The import of members and their municipalities from a file: read, compare with what is known, store."""
