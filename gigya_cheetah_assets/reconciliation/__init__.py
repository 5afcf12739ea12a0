"""Both sides compared from a full extract of CheetahMail's list: what agrees, what is missing, stale or conflicting.

`classify` decides on frames, `run` reads both sides and keeps the result. Nothing is changed on either side here.
"""
