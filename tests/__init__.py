"""What uagbot promises."""
