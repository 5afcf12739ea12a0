"""The clock of opt-outs: which have not reached the other side yet, since when, and by when they must.

`deadlines` counts days, `waiting` finds what is open; nothing here writes to either side.
"""
