"""Handlers through the real dispatcher, on both databases, with a clock that the test holds."""
