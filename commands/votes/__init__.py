"""What capabilities share about voting: who may vote, how ballots are counted, and what the count decides."""
