"""The nouns, and how they are kept: one file per noun with its classes and its queries."""
