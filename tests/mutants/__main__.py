"""``python -m tests.mutants``: every seeded bug against the property of its own invariant. ``--quick``: one for each."""

import sys

from tests.mutants.runner import main

sys.exit(main(sys.argv[1:]))
