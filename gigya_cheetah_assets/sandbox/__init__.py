"""The sandbox: a Gigya site and an SFTP server on this machine, with invented people and a fault dial.

`Sandbox` runs it inside a process, `gigya-cheetah sandbox` as one of its own. It knows nothing of Dagster and nothing
of the packages that talk to it. A CheetahMail account will stand beside `gigya` and `sftp`.
"""

from gigya_cheetah_assets.sandbox.faults import Faults
from gigya_cheetah_assets.sandbox.population import Population
from gigya_cheetah_assets.sandbox.server import Sandbox

__all__ = ["Faults", "Population", "Sandbox"]
