"""From wiki pages to passages that can be found. Knows nothing of Slack, questions' replies or models that write."""
