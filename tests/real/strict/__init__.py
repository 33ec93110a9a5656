"""A strict foreign client for the tests: matrix-js-sdk with its Rust crypto, in Node."""

from tests.real.strict.client import StrictClient, StrictClients
from tests.real.strict.node import Node, NodeFailed
from tests.real.strict.verification import Verification

__all__ = ["Node", "NodeFailed", "StrictClient", "StrictClients", "Verification"]
