"""From passages and feedback to a model that behaves."""
