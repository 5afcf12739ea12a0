"""Reads Gigya's two sources over a run of windows into spools: `FROM accounts` and `FROM emailAccounts`.

What one source lacks for a person is read by key later, in `by_key`. A scan keeps nothing in memory beyond one
batch; when the site forgets the cursor it starts again with empty spools, so nothing is lost or doubled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import Condition, CursorExpired, GigyaClient, Query, all_of, field_is, raw, search
from gigya_cheetah_assets.gigya.search import prefetched
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.decode import Decoder
from gigya_cheetah_assets.outbound.join import ACCOUNT_SEEN, EMAIL_SEEN, scanned
from gigya_cheetah_assets.outbound.spool import Spool
from gigya_cheetah_assets.outbound.window import Window

log = logging.getLogger(__name__)
BATCH_ROWS = 50_000
_RESTARTS = 3
