"""The contract between the crate and the report: crate/tests/golden/wire.json, which a Rust test holds the crate to."""

import json

import pytest

from kernel import proxy
from report import wire
from setup.environment import ROOT

GOLDEN = json.loads((ROOT / "crate" / "tests" / "golden" / "wire.json").read_text())
KINDS = {kind.__name__.lower(): kind for kind in wire.MESSAGES}
VERDICTS = {"claims": wire.Claim, "conclusions": wire.Conclusion, "answers": wire.Answer}


def test_the_report_knows_the_mime_types_of_the_crate_and_no_others():
    assert {name: wire.mime(kind) for name, kind in KINDS.items()} == GOLDEN["mime"]


def test_the_kernel_knows_the_mime_type_of_a_failure():
    assert GOLDEN["mime"]["failure"] == proxy.FAILURE


@pytest.mark.parametrize("name", KINDS)
def test_a_message_of_the_crate_has_the_fields_that_the_report_reads_and_no_others(name):
    assert isinstance(wire.parse(KINDS[name], GOLDEN["messages"][name]), KINDS[name])


@pytest.mark.parametrize("name", VERDICTS)
def test_the_crate_gives_the_verdicts_that_the_report_knows_and_no_others(name):
    given = [entry["verdict"] for entry in GOLDEN["messages"][name][name]]
    assert sorted(given) == sorted(wire.values(VERDICTS[name], "verdict"))


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"judged": "yes"}, "expected a judged of type bool, found 'yes'"),
        ({"data": {"kind": "cifar", "description": "d"}}, "expected a kind among mnist, own, synthetic, found cifar"),
        ({"data": []}, r"expected a data of type Data, found \[\]"),
        ({"speed": 1}, "expected the fields data, hinge, judged, libtorch, quick of a session, found .*speed"),
    ],
)
def test_another_message_is_refused_with_what_is_expected_and_found(changes, reason):
    with pytest.raises(wire.WireError, match=reason):
        wire.parse(wire.Session, GOLDEN["messages"]["session"] | changes)
