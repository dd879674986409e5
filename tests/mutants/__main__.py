"""``python -m tests.mutants``: seeded bugs against the properties of their invariants; ``--quick``, ``--brief``."""

import sys

from tests.mutants.runner import main

sys.exit(main(sys.argv[1:]))
