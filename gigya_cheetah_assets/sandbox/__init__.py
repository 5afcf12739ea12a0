"""The sandbox: a Gigya site, an SFTP server and a CheetahMail account here, with invented people and a fault dial.

`Sandbox` runs it inside a process, `gigya-cheetah sandbox` as one of its own. The servers and
the accounts know nothing of Dagster.
"""

from gigya_cheetah_assets.sandbox.faults import Faults
from gigya_cheetah_assets.sandbox.population import Population
from gigya_cheetah_assets.sandbox.server import Sandbox

__all__ = ["Faults", "Population", "Sandbox"]
