"""One module per kind of wiki, each an adapter of the `Wiki` port."""
