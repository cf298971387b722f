"""Answers questions in Slack from the wiki, citing its passages."""
