"""The same meetings in uagbot and in a peer, an established bot for minutes: what comes out must be the same."""
