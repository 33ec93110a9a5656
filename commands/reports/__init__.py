"""Reports: what the initiative did in a month, a quarter or a year, for the ministry that funds it."""

from commands.kit.triggers import Capability
from commands.reports import handlers

CAPABILITY = Capability(__name__, (handlers.show_report,))
