"""Which replacements of a gate make another agent of it."""

import pytest

from gwt_ib.config import Config
from gwt_ib.replacements import DECISIVE, REPLACEMENTS, problem, sensible


def test_a_gate_of_the_seed_document_can_be_replaced_by_everything():
    assert sensible("td") == tuple(REPLACEMENTS)
    assert set(DECISIVE) <= set(REPLACEMENTS)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("router", ("open", "shut", "constant", "shuffled")),
        ("prior", ("open", "shut", "constant", "shuffled", "no-td")),
        ("open", ("shut",)),
        ("constant", ("open", "shut")),
    ],
)
def test_of_the_other_arms_nothing_is_replaced_by_what_it_is_already(gate, words):
    assert sensible(gate) == words
    assert all(problem(word, gate) for word in REPLACEMENTS if word not in words)


def test_every_kind_of_gate_that_can_be_set_is_known():
    kinds = Config.model_fields["gate"].annotation.__args__
    assert {kind for kind in kinds if not set(DECISIVE) <= set(sensible(kind))} == {"open", "constant"}
