"""What holds for all tests of this folder."""

import signal


def pytest_configure():
    """Ends the tests at SIGTERM as at Ctrl-C: what they started, kernels and JupyterLab, ends with them."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
