"""What encrypted rooms need beyond matrix-nio: an identity of the account, its recovery and its key backup."""
