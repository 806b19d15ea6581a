"""All seeds of an SVM as one PyTorch program: torch.func maps training over a stack of models and their images."""

import time

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from in_memory import BATCH, LEARNING_RATE, SCORED, TEST, network, sample, tensors, versions
from workloads import Workload

__all__ = ["prepare", "versions"]


def prepare(digits):
    """What does workloads on `digits`."""
    train, test = tensors(digits.train), tensors(digits.test)

    def work(workload: Workload) -> dict:
        start = time.perf_counter()
        samples = [[sample(train, workload.train), sample(test, TEST)] for _ in range(workload.seeds)]
        halves = zip(*samples, strict=True)
        fit(workload, *([torch.stack(tensor) for tensor in zip(*half, strict=True)] for half in halves))
        return {"seconds": (time.perf_counter() - start) / workload.seeds}

    return work


def fit(workload: Workload, train: list[Tensor], test: list[Tensor]) -> list:
    """Trains a model for each seed; the result is their losses and accuracies on both sets after every epoch."""
    models = [network(workload.kind) for _ in range(workload.seeds)]
    weights, _ = stack_module_state(models)

    def objective(weights: dict, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        logits = functional_call(models[0], weights, (images,))
        return multi_margin(logits, labels), (logits.argmax(1) == labels).float().mean()

    gradients = vmap(grad_and_value(objective, has_aux=True))
    score = torch.no_grad()(vmap(objective, chunk_size=max(1, SCORED // TEST)))
    each, history = torch.arange(workload.seeds).unsqueeze(1), []
    for _ in range(workload.epochs):
        orders = torch.rand(workload.seeds, workload.train).argsort(1)
        for batch in orders.split(BATCH, 1):
            steps, _ = gradients(weights, *(tensor[each, batch] for tensor in train))
            with torch.no_grad():
                for name, step in steps.items():
                    weights[name] -= LEARNING_RATE * step
        history.append([score(weights, *examples) for examples in (train, test)])
    return history


def multi_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """PyTorch's loss, which vmap has no fast rule for: the sum over all classes is 1 more than that over the others."""
    margins = (1 - logits.gather(1, labels.unsqueeze(1)) + logits).relu()
    return ((margins.sum(1) - 1) / logits.shape[1]).mean()
