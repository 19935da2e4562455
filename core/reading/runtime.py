"""onnxruntime, kept from telling others what it does: import it from this module alone.

Since 1.29 its builds for Linux and macOS report to Microsoft what models are run where, and keep a
number of the machine, and what is not reported yet, in the home folder. This variable stops all of
that, if it is there before the library is
(https://github.com/microsoft/onnxruntime/pull/27379).
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as onnxruntime  # noqa: PLC0414
