"""Extends `jupyter nbconvert --execute` in the project's environment: the executed part of a failed notebook is kept,
the message says where and why it failed, and a cell's time is limited.

Set-up installs a configuration that calls `configure`.
"""

from pathlib import Path

from nbconvert.exporters import Exporter
from nbconvert.preprocessors import ExecutePreprocessor
from nbconvert.utils.exceptions import ConversionException
from traitlets import Unicode

from report import execute


class KeepingPreprocessor(ExecutePreprocessor):
    """Executes a notebook; the executed part of one that fails is kept in the folder `failed`."""

    failed = Unicode(str(execute.FAILED)).tag(config=True)

    def preprocess(self, nb, resources=None, km=None):
        self.cell = None
        try:
            return super().preprocess(nb, resources, km)
        except Exception as error:
            name = f"{resources['metadata']['name']}.ipynb"
            failure = execute.failure(error, self.nb, self.cell, name, self.timeout, Path(self.failed))
            raise ConversionException(str(failure)) from error

    def preprocess_cell(self, cell, resources, index):
        self.cell = cell
        return super().preprocess_cell(cell, resources, index)


def configure(config) -> None:
    """Makes nbconvert use it instead of its own, with our limit to a cell's time."""
    own = Exporter.default_preprocessors.default()
    config.Exporter.default_preprocessors = [
        KeepingPreprocessor if name.endswith(".ExecutePreprocessor") else name for name in own
    ]
    config.ExecutePreprocessor.timeout = execute.CELL_TIMEOUT
