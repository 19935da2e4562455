"""`training` is not installed with the library: the repository itself is where it is found."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
