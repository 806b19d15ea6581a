"""The Rust kernel: starts evcxr in a build folder for each kernel, and passes messages between it and Jupyter."""
