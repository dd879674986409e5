"""``python -m commitments.cli …``: the same as ``commitments …``."""

from __future__ import annotations

import sys

from commitments.cli import main

sys.exit(main())
