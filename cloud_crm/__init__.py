"""The cloud CRM: one tenant's stores, members, programme, ledger and events, and the pages that show them.

Each business noun is a folder with the same inner names: ``tables`` (rows), ``repository`` (SQL),
``service`` (decisions and transactions), ``schemas`` (API shapes), ``endpoints`` (JSON) and ``pages``.
"""
