"""All tables of all nouns, gathered for migrations and the test that compares the two."""

from __future__ import annotations

from cloud_crm.coupons.tables import coupon_budgets, coupon_instances
from cloud_crm.database import metadata
from cloud_crm.events.tables import events
from cloud_crm.floor.tables import floor_alerts, refused_cards, shelf_stock, stock_discrepancies
from cloud_crm.gateways.tables import gaps, gateways, quarantines, streams
from cloud_crm.ledger.tables import posting_conflicts, posting_echoes, postings
from cloud_crm.members.tables import consents, disputes, media, members, staff_acts, surveys
from cloud_crm.points.tables import (
    lots,
    points_accounts,
    redemptions,
    sale_books,
    sale_refunds,
    shared_sales,
    undo_requests,
)
from cloud_crm.programme.tables import programmes
from cloud_crm.rights.tables import (
    rights_accounts,
    rights_actions,
    rights_holdings,
    rights_incarnations,
    rights_losses,
    rights_movements,
    rights_standings,
)
from cloud_crm.standing.tables import referral_payouts, standings

__all__ = [
    "consents",
    "coupon_budgets",
    "coupon_instances",
    "disputes",
    "events",
    "floor_alerts",
    "gaps",
    "gateways",
    "lots",
    "media",
    "members",
    "metadata",
    "points_accounts",
    "posting_conflicts",
    "posting_echoes",
    "postings",
    "programmes",
    "quarantines",
    "redemptions",
    "referral_payouts",
    "refused_cards",
    "rights_accounts",
    "rights_actions",
    "rights_holdings",
    "rights_incarnations",
    "rights_losses",
    "rights_movements",
    "rights_standings",
    "sale_books",
    "sale_refunds",
    "shared_sales",
    "shelf_stock",
    "staff_acts",
    "standings",
    "stock_discrepancies",
    "streams",
    "surveys",
    "undo_requests",
]
