"""Municipalities: which one each member stands for, who takes part without a vote, and whose ballot decides."""

from commands.kit.triggers import Capability
from commands.municipalities import deputies, handlers, lists

CAPABILITY = Capability(__name__, (handlers.stand, lists.list_municipalities, deputies.deputise))
