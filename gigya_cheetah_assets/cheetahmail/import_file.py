"""Writing one import file: locally, whole or not at all, and the same bytes for the same rows.

Which bytes a row becomes is in `delimited`; delivering the file is `staging`'s matter.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pyarrow as pa
from isal import igzip

from gigya_cheetah_assets.cheetahmail.delimited import DelimitedText
from gigya_cheetah_assets.config.files import Compression, ImportFileDefaults
from gigya_cheetah_assets.errors import ConfigError

# About 11 times as fast as zlib's level 6, and 10 % larger.
_GZIP_LEVEL = 2
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
