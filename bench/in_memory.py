"""A fair peer: an ordinary PyTorch program written for speed.

All images are one tensor in memory, minibatches are rows of it, and a set is evaluated in one forward pass (a large one
in several). r4 transforms a whole batch at once, with random parameters for each image. Several seeds are trained by
processes side by side, one for each core.
"""

import functools
import math
import multiprocessing
import os
import time
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workloads import Kind, Workload

LOSSES = {Kind.LOGISTIC_REGRESSION: F.cross_entropy}
TEST, BATCH, LEARNING_RATE = 1_000, 32, 0.02
# The number of images in a forward pass: larger passes are slower.
SCORED = 1_000
MEAN, STD = 0.1307, 0.3081
SIDE = 28


def prepare(digits):
    """What does workloads on `digits`."""
    train, test = tensors(digits.train), tensors(digits.test)
    pool = functools.cache(lambda: processes(digits))

    def work(workload: Workload) -> dict | None:
        if workload.seeds > 1:
            start = time.perf_counter()
            pool().map(run_in_process, [replace(workload, seeds=1)] * workload.seeds, chunksize=1)
            return {"seconds": (time.perf_counter() - start) / workload.seeds}
        training = sample(train, workload.train)
        if workload.kind is Kind.AUGMENTING:
            for _ in range(workload.epochs):
                r4(training[0])
        else:
            fit(workload, training, sample(test, TEST))
        return None

    return work


def versions() -> dict:
    """What runs, and on how many threads."""
    return {"torch": torch.__version__, "threads": torch.get_num_threads()}


def tensors(examples) -> tuple[Tensor, Tensor]:
    """Images `[n, 784]`, 0 to 1, and their labels."""
    images, labels = map(torch.from_numpy, examples)
    return images.flatten(1) / 255, labels


def processes(digits):
    """A process for each core, which trains on one thread."""
    context = multiprocessing.get_context("spawn")
    return context.Pool(len(os.sched_getaffinity(0)), start_process, (digits,))


def start_process(digits) -> None:
    global work_in_process
    torch.set_num_threads(1)
    work_in_process = prepare(digits)


def run_in_process(workload: Workload) -> None:
    torch.seed()
    work_in_process(workload)


def sample(examples: tuple[Tensor, Tensor], count: int) -> tuple[Tensor, Tensor]:
    """`count` of the examples, drawn at random."""
    images, labels = examples
    drawn = torch.randperm(len(images))[:count]
    return images[drawn], labels[drawn]


def fit(workload: Workload, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> list:
    """Trains a model; the result is its loss and accuracy on both sets after every epoch."""
    model, loss = network(workload.kind), LOSSES.get(workload.kind, F.multi_margin_loss)
    optimiser = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    images, labels = train
    history = []
    for _ in range(workload.epochs):
        inputs = r4(images) if workload.kind is Kind.HIDDEN_AUGMENTED else images
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimiser.zero_grad()
            objective(model, loss, inputs[batch], labels[batch]).backward()
            optimiser.step()
        history.append([score(model, loss, *examples) for examples in (train, test)])
    return history


def objective(model: nn.Module, loss, inputs: Tensor, labels: Tensor) -> Tensor:
    """The mean loss of a minibatch."""
    return loss(model(inputs), labels)


def network(kind: Kind) -> nn.Module:
    """The model with PyTorch's default initialisation."""
    if kind in (Kind.LINEAR_SVM, Kind.LOGISTIC_REGRESSION):
        return nn.Linear(784, 10)
    return nn.Sequential(nn.Linear(784, 5_000), nn.ReLU(), nn.Linear(5_000, 10))


@torch.no_grad()
def score(model: nn.Module, loss, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """The mean loss and the accuracy."""
    logits = torch.cat([model(part) for part in images.split(SCORED)])
    return loss(logits, labels).item(), (logits.argmax(1) == labels).float().mean().item()


@torch.no_grad()
def r4(images: Tensor) -> Tensor:
    """RandomRotation(3); RandomPerspective(0.15, p=0.3); Normalize; RandomAdjustSharpness(1.2, p=0.3), for images
    `[n, 784]`."""
    images = images.view(-1, 1, SIDE, SIDE)
    images = rotated(images, degrees=3)
    images = for_some(0.3, images, lambda chosen: seen_from_aside(chosen, distortion=0.15))
    images = (images - MEAN) / STD
    return for_some(0.3, images, lambda chosen: sharpened(chosen, factor=1.2)).flatten(1)


def for_some(p: float, images: Tensor, change) -> Tensor:
    """The images, each changed with probability `p`."""
    chosen = (torch.rand(len(images)) < p).nonzero().squeeze(1)
    return images.index_copy(0, chosen, change(images[chosen])) if len(chosen) else images


def rotated(images: Tensor, degrees: float) -> Tensor:
    """Each image rotated by a random angle of at most `degrees`, to the nearest pixel."""
    angles = torch.empty(len(images)).uniform_(-degrees, degrees) * math.pi / 180
    sine, cosine, zero = angles.sin(), angles.cos(), torch.zeros_like(angles)
    maps = torch.stack((cosine, sine, zero, -sine, cosine, zero), 1).view(-1, 2, 3)
    grid = torch.stack(mapped(maps), 3)
    return F.grid_sample(images, grid, mode="nearest", align_corners=False)


def seen_from_aside(images: Tensor, distortion: float) -> Tensor:
    """Each image's corners moved inwards at random, by at most `distortion` of half its side, bilinearly."""
    far = SIDE - 1
    corners = torch.tensor([[0, 0], [far, 0], [far, far], [0, far]])
    inwards = torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    moved = corners + inwards * torch.randint(0, int(distortion * (SIDE // 2)) + 1, (len(images), 4, 2))
    across, down, depth = mapped(perspectives(grid_units(moved), grid_units(corners).expand(len(images), 4, 2)))
    grid = torch.stack((across / depth, down / depth), 3)
    return F.grid_sample(images, grid, mode="bilinear", align_corners=False)


def perspectives(source: Tensor, target: Tensor) -> Tensor:
    """The perspective maps, `[n, 3, 3]`, that take the corners `source` to `target`, both `[n, 4, 2]`."""
    points = F.pad(source, (0, 1), value=1.0)
    nothing = torch.zeros_like(points)
    to_x, to_y = target.unsqueeze(3).unbind(2)
    equations = torch.cat(
        (torch.cat((points, nothing, -to_x * source), 2), torch.cat((nothing, points, -to_y * source), 2)), 1
    )
    maps = torch.linalg.solve(equations, target.transpose(1, 2).flatten(1))
    return F.pad(maps, (0, 1), value=1.0).view(-1, 3, 3)


def grid_units(pixels: Tensor) -> Tensor:
    """Coordinates in pixels, 0 to 28, in the units of grid_sample, -1 to 1."""
    return pixels / (SIDE / 2) - 1


def mapped(maps: Tensor) -> tuple[Tensor, ...]:
    """Where maps `[n, coordinates, 3]` take the centres of all pixels: each coordinate, `[n, 28, 28]`."""
    at = grid_units(torch.arange(SIDE) + 0.5)
    centres = F.pad(torch.cartesian_prod(at, at).flip(1), (0, 1), value=1.0)
    return (maps.flatten(0, 1) @ centres.T).view(len(maps), -1, SIDE, SIDE).unbind(1)


def sharpened(images: Tensor, factor: float) -> Tensor:
    """The images minus their smoothed selves, by `factor`; the outermost pixels stay."""
    kernel = torch.tensor([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]]).view(1, 1, 3, 3) / 13
    smooth = images.clone()
    smooth[..., 1:-1, 1:-1] = F.conv2d(images, kernel)
    return (factor * images + (1 - factor) * smooth).clamp(0, 1)
