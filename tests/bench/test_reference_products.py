"""The products that the learner's speed is held against."""

import pytest
import torch
from support import small_config

from gwt_ib.bench.reference_products import Product, Sgemm, flop_per_sample, learner_products
from gwt_ib.envs.make import check_environment
from gwt_ib.model.agent import Agent


@pytest.mark.parametrize("layers", [{}, {"encoder_layers": 3, "head_layers": 2}], ids=["one layer", "many"])
def test_a_sample_costs_six_operations_a_weight_of_a_matrix_and_the_encoder_four(layers):
    config = small_config(**layers)
    facts = check_environment(config)
    agent = Agent(facts.observation_size, facts.actions, config)
    matrices = [
        weight
        for name, weight in agent.named_parameters()
        if name.endswith(("weight", "weight_ih", "weight_hh")) and ".out." not in name
    ]
    weights = sum(matrix.numel() for matrix in matrices)
    # The gradient of the observations is what nobody asks for.
    expected = 6 * weights - 2 * agent.encoder.weight.numel()
    assert flop_per_sample(config, facts.observation_size, agent.head.outputs) == expected


@pytest.mark.parametrize("layers", [{}, {"encoder_layers": 2, "head_layers": 3}], ids=["one layer", "many"])
def test_the_products_of_a_minibatch_are_all_that_its_samples_need(layers):
    config = small_config(hidden_size=32, **layers)
    samples = config.steps_per_update // config.minibatches
    assert sum(p.flop for p in learner_products(config, 8, 4)) == samples * flop_per_sample(config, 8, 4)


def test_each_product_is_timed_as_often_as_it_is_made(monkeypatch):
    sizes = []
    multiply = torch.mm
    monkeypatch.setattr(torch, "mm", lambda a, b, out: sizes.append((*a.shape, b.shape[1])) or multiply(a, b, out=out))
    seconds = Sgemm((Product("one", 3, 4, 5), Product("many", 2, 2, 2, times=3))).seconds()
    assert sizes == [(3, 4, 5)] + [(2, 2, 2)] * 3
    assert len(seconds) == 2 and min(seconds) > 0


def test_a_multiplication_and_an_addition_are_two_operations():
    assert Product("a", 3, 4, 5, times=2).flop == pytest.approx(2 * 3 * 4 * 5 * 2)
