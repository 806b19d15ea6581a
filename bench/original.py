"""The original's way: a Dataset of Pillow images, transformed one by one as a DataLoader asks for them.

Written as its notebook was: torchvision's transforms, random_split, loaders that shuffle, and after every epoch a
second pass over both loaders for the scores.
"""

import torch
import torchvision
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, random_split
from torchvision import transforms

from workloads import Kind, Workload

TEST, BATCH, LEARNING_RATE = 1_000, 32, 0.02
AS_IT_IS = transforms.ToTensor()
R4 = transforms.Compose(
    [
        transforms.RandomRotation(3),
        transforms.RandomPerspective(distortion_scale=0.15, p=0.3),
        transforms.ToTensor(),
        transforms.Normalize((0.1307,), (0.3081,)),
        transforms.RandomAdjustSharpness(sharpness_factor=1.2, p=0.3),
    ]
)


class Digits(Dataset):
    """Images `[n, 28, 28]` of bytes, in the manner of torchvision's MNIST."""

    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = torch.from_numpy(images), torch.from_numpy(labels), transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.images[index].numpy())
        return self.transform(image), int(self.labels[index])


def prepare(digits):
    """What does workloads on `digits`."""

    def work(workload: Workload) -> None:
        transform = R4 if workload.kind is Kind.HIDDEN_AUGMENTED else AS_IT_IS
        train = loader(Digits(*digits.train, transform), workload.train)
        fit(network(workload.kind), train, loader(Digits(*digits.test, AS_IT_IS), TEST), workload.epochs)

    return work


def versions() -> dict:
    """What runs, and on how many threads."""
    return {"torch": torch.__version__, "torchvision": torchvision.__version__, "threads": torch.get_num_threads()}


def loader(digits: Digits, count: int) -> DataLoader:
    """Minibatches of `count` images, drawn at random."""
    drawn, _ = random_split(digits, [count, len(digits) - count])
    return DataLoader(drawn, batch_size=BATCH, shuffle=True)


def network(kind: Kind) -> nn.Module:
    """The model with PyTorch's default initialisation."""
    if kind is Kind.LINEAR_SVM:
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 5_000), nn.ReLU(), nn.Linear(5_000, 10))


def fit(model: nn.Module, train: DataLoader, test: DataLoader, epochs: int) -> list:
    """Trains a model; the result is its loss and accuracy on both sets after every epoch."""
    loss = nn.MultiMarginLoss()
    optimiser = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    history = []
    for _ in range(epochs):
        for images, labels in train:
            optimiser.zero_grad()
            loss(model(images), labels).backward()
            optimiser.step()
        history.append([score(model, loss, examples) for examples in (train, test)])
    return history


def score(model: nn.Module, loss: nn.Module, examples: DataLoader) -> tuple[float, float]:
    """The mean loss of the minibatches and the accuracy."""
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in examples:
            logits = model(images)
            total += loss(logits, labels).item()
            right += (logits.argmax(1) == labels).sum().item()
            count += len(labels)
    return total / len(examples), right / count
