"""The only place that knows matrix-nio."""
