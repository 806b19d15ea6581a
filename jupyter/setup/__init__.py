"""Installs what notebooks and tests need, and warms the kernels' build folder."""
