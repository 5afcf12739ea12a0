from __future__ import annotations

import pytest

from gigya_cheetah_assets_tests.inbound.feeds import Inbox


@pytest.fixture
def inbox(tmp_path):
    return Inbox(tmp_path)
