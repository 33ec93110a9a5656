"""The rules of encryption, without a homeserver."""
