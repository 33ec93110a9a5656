"""What happened in the groups in a window of time: facts, and what digests and reports say of them."""
