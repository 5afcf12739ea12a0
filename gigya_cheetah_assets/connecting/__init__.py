"""Trying every connection of a sync for real, step by step, before it is switched on.

Knows nothing of a command line; `tried` gives the steps, and whoever prints them decides how.
"""

from gigya_cheetah_assets.connecting.steps import Attempt, Step
from gigya_cheetah_assets.connecting.sync import tried

__all__ = ["Attempt", "Step", "tried"]
