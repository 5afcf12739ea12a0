from __future__ import annotations

import pytest

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.errors import RefuseFile


def test_a_manifest_reads_back_as_it_was_written(tmp_path):
    manifest = Manifest(
        kind="profiles", name="f.csv.gz", rows=2, bytes=90, sha256="ab" * 32, columns=["UID", "EMAIL"],
        window="2026-01-01", queries=["SELECT * FROM accounts"], mapping_version="1",
    )  # fmt: skip
    path = manifest.write(tmp_path)
    assert path.name == "f.csv.gz.manifest.json"
    assert Manifest.read(path) == manifest


def test_a_manifest_that_lacks_something_is_refused(tmp_path):
    path = tmp_path / "f.manifest.json"
    path.write_text('{"kind": "profiles"}')
    with pytest.raises(RefuseFile, match=r"f\.manifest\.json"):
        Manifest.read(path)
