"""Where passages are kept: the catalogue (SQLite, the truth), its word index and its vectors."""
