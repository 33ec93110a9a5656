"""Addresses of pages, as people type them."""

import re
from urllib.parse import urlsplit

LONGEST_LINK = 500


def is_link(text: str) -> bool:
    """Whether this is an http or https address with a host and without spaces."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"]", text)
