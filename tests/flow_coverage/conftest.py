"""This folder is the last word of `make test`: it looks at what the flow tests noted in the folder
FLOW_COVERAGE. Without it there is nothing to look at, and nothing is collected.
"""

import os

collect_ignore_glob = [] if os.environ.get("FLOW_COVERAGE") else ["test_*.py"]
