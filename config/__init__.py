"""Settings, and how they become objects. Imported only by a `__main__` or a test."""
