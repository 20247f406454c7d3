"""What every test needs."""

import signal

# matplotlib's compiled part must be loaded before other pybind11 modules: loaded after some of
# them, its import fails now and then (`SystemError: … returned NULL without setting an exception`).
import matplotlib.backends.backend_svg  # noqa: F401

# A shell starts its background jobs with SIGINT ignored, and what they start inherits this: the
# tests of interrupts would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
