"""Slack's side of the bot: listeners, replies and blocks. The only package that imports slack_bolt and slack_sdk."""
