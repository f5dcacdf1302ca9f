"""Decisions about people: forms they fill in, media they link, phones they show."""

from edge_agent.decisions.people.forms import Forms
from edge_agent.decisions.people.glance import glance_at
from edge_agent.decisions.people.linking import Linking
from edge_agent.decisions.people.phone_codes import PhoneCodes

__all__ = ["Forms", "Linking", "PhoneCodes", "glance_at"]
