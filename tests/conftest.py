"""What every test needs."""

# matplotlib's compiled part must be loaded before other pybind11 modules: loaded after some of
# them, its import fails now and then (`SystemError: … returned NULL without setting an exception`).
import matplotlib.backends.backend_svg  # noqa: F401
