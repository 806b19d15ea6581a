"""scikit-learn's estimators on the same protocol, an epoch at a time by partial_fit, and its exact SVMs.

What differs: SGDClassifier takes a step for every image instead of every 32, and its linear SVM is one-vs-rest.
MLPClassifier has the logistic loss, since it has no other. SVC with a kernel is one-vs-one: 45 SVMs of two classes,
whose biases are not penalised.
"""

import os
import time
import warnings
from itertools import combinations

import numpy
import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, LinearSVC

from workloads import Kind, Workload

TEST, BATCH, LEARNING_RATE, UNITS = 1_000, 32, 0.02, 5_000
CLASSES = numpy.arange(10)
# As in bench/src/main.rs.
STRENGTH, GAMMA, GAP = 0.001, 0.02, 1e-3


def prepare(digits):
    """What does workloads on `digits`."""
    train, test = ((flat(images), labels) for images, labels in (digits.train, digits.test))
    tolerances = {}

    def work(workload: Workload) -> dict | None:
        if workload.kind in EXACT:
            examples = [array[: workload.train] for array in train]
            key = workload.kind, workload.train
            if key not in tolerances:
                tolerances[key] = tolerance(workload, *examples)
            return solve(workload, tolerances[key], *examples)
        fit(workload, sample(train, workload.train), sample(test, TEST))
        return None

    return work


def versions() -> dict:
    """What runs, and on how many threads: only BLAS uses more than one."""
    return {"scikit-learn": sklearn.__version__, "threads": len(os.sched_getaffinity(0))}


def flat(images):
    return (images.reshape(len(images), -1) / 255).astype(numpy.float32)


def sample(examples, count: int) -> list:
    """`count` of the examples, drawn at random."""
    drawn = numpy.random.permutation(len(examples[0]))[:count]
    return [array[drawn] for array in examples]


def fit(workload: Workload, train, test) -> list:
    """Trains a model; the result is its accuracy on both sets after every epoch."""
    model, history = estimator(workload.kind), []
    for _ in range(workload.epochs):
        model.partial_fit(*train, classes=CLASSES)
        history.append([model.score(*examples) for examples in (train, test)])
    return history


def estimator(kind: Kind):
    """The estimator without a penalty, as the protocol has none."""
    if kind is Kind.HIDDEN:
        return MLPClassifier(
            (UNITS,), solver="sgd", alpha=0, batch_size=BATCH, learning_rate_init=LEARNING_RATE, momentum=0
        )
    loss = "log_loss" if kind is Kind.LOGISTIC_REGRESSION else "hinge"
    return SGDClassifier(loss=loss, penalty=None, learning_rate="constant", eta0=LEARNING_RATE)


def exact_linear(tol: float, images, labels):
    """The course's SVM: with C = 1 / (2 lambda n) the objectives are proportional."""
    svm = LinearSVC(multi_class="crammer_singer", C=1 / (2 * STRENGTH * len(labels)), tol=tol, max_iter=1_000_000)
    return svm.fit(images, labels)


def exact_rbf(tol: float, images, labels):
    """One-vs-one, with the same C."""
    svm = SVC(C=1 / (2 * STRENGTH * len(labels)), gamma=GAMMA, tol=tol, decision_function_shape="ovo", cache_size=1_000)
    return svm.fit(images, labels)


def linear_gap(svm, images, labels, bound: float) -> float:
    """The relative gap between the objective and a lower bound of its optimum."""
    weights = numpy.hstack((svm.coef_, svm.intercept_[:, None]))
    scores = images.astype(float) @ svm.coef_.T + svm.intercept_
    own = scores[numpy.arange(len(labels)), labels]
    others = scores + (numpy.arange(10) != labels[:, None])
    objective = STRENGTH * (weights**2).sum() + (others.max(1) - own).mean()
    return (objective - bound) / objective


def rbf_gap(svm, images, labels, _: None) -> float:
    """The duality gap of all 45 SVMs together, relative to their objectives."""
    decisions, starts = svm.decision_function(images), numpy.cumsum([0, *svm.n_support_])
    objective = dual = 0.0
    for (i, j), decision in zip(combinations(range(10), 2), decisions.T, strict=True):
        of_i, of_j = (slice(starts[k], starts[k + 1]) for k in (i, j))
        alpha = numpy.concatenate((svm.dual_coef_[j - 1, of_i], svm.dual_coef_[i, of_j]))
        vectors = numpy.concatenate((svm.support_[of_i], svm.support_[of_j]))
        # w . x = decision - bias for the support vectors.
        square = alpha @ (decision[vectors] - svm.intercept_[pair_index(i, j)])
        chosen = (labels == i) | (labels == j)
        signs = numpy.where(labels[chosen] == i, 1, -1)
        objective += square / 2 + svm.C * numpy.maximum(0, 1 - signs * decision[chosen]).sum()
        dual += abs(alpha).sum() - square / 2
    return (objective - dual) / objective


def pair_index(i: int, j: int) -> int:
    """The place of a pair among all."""
    return list(combinations(range(10), 2)).index((i, j))


EXACT = {Kind.EXACT_LINEAR: (exact_linear, linear_gap), Kind.EXACT_RBF: (exact_rbf, rbf_gap)}


def tolerance(workload: Workload, images, labels) -> float:
    """The largest `tol` of 1, 0.5, 0.2, 0.1 and so on with which the gap is at most ours."""
    fitted, gap = EXACT[workload.kind]
    candidates = [factor * 10.0**-power for power in range(5) for factor in (1, 0.5, 0.2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reached = (tol for tol in candidates if gap(fitted(tol, images, labels), images, labels, workload.bound) <= GAP)
        return next(reached, candidates[-1])


def solve(workload: Workload, tol: float, images, labels) -> dict:
    """The time of one fit, and the gap that it reaches."""
    fitted, gap = EXACT[workload.kind]
    start = time.perf_counter()
    svm = fitted(tol, images, labels)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "gap": gap(svm, images, labels, workload.bound)}
