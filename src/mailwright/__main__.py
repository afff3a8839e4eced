"""Run the command line as ``python -m mailwright``."""

import sys

from mailwright.cli.main import main

sys.exit(main())
