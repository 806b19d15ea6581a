"""The PyTorch program of in_memory.py with the model and its loss, forward and backward, compiled by torch.compile."""

import torch

import in_memory

in_memory.objective = torch.compile(in_memory.objective)
prepare, versions = in_memory.prepare, in_memory.versions
