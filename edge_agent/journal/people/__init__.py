"""People as the journal keeps them: what happened to members here, over what the cloud sent down."""

from edge_agent.journal.people import overlay, service

TABLES = (*overlay.TABLES, *service.TABLES)
"""What the second step of the schema adds for this room."""


class PeopleQueries(overlay.OverlayQueries, service.ServiceQueries):
    """Reading people."""


class PeopleKeeping(PeopleQueries, overlay.OverlayKeeping, service.ServiceKeeping):
    """Writing people."""


end_visits = service.end_visits

__all__ = ["TABLES", "PeopleKeeping", "PeopleQueries", "end_visits"]
