"""What the bot costs, measured beside a bare echo bot in the same run."""
