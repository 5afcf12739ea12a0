"""The staging: the middle platform whose outbox CheetahMail imports from and whose inbox it extracts to.

One protocol for all kinds; what the files hold is none of its business.
"""

from gigya_cheetah_assets.staging.opening import open_staging
from gigya_cheetah_assets.staging.protocol import Delivered, RemoteFile, Staging

__all__ = ["Delivered", "RemoteFile", "Staging", "open_staging"]
