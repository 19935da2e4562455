"""Makes the numeric reader's model: fonts, synthetic lines, training, evaluation, export."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # core.reading.runtime says why
