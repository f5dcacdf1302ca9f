"""Readers of member cards."""
