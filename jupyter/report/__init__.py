"""The HTML report: executes the notebooks, reads their outputs, and writes and checks the pages."""
