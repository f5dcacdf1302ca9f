"""The business domain of Regulars: members, programme, ledger and the decisions on them.

Standard library only, no input or output, no clock: everything a decision needs is passed in,
so every rule can be tested by calling a function.
"""
