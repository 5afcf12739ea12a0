"""A CheetahMail account of the sandbox: it imports files from the outbox, keeps a list, and drops extracts.

As the real one it knows people by e-mail and works on its own schedule. It shares no code with the project's own
reading and writing of files, so that a mistake there cannot hide here; only how the staging is reached.
"""

from gigya_cheetah_assets.sandbox.cheetahmail.account import CheetahMail, Setup

__all__ = ["CheetahMail", "Setup"]
