"""The web server, and what it serves."""

from bot.web.server import WebServer

__all__ = ["WebServer"]
