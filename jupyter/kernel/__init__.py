"""The Rust kernel: starts evcxr in a build folder for each kernel, and stands between it and Jupyter."""
