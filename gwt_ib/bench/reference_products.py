"""The matrix products that learning cannot do without, and how fast torch's sgemm does just these on one thread.

This is the bound that the learner is compared with: what would be left of an update if nothing but products were paid.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from gwt_ib.config import Config
from gwt_ib.model.weights import cell_gates, router_width


@dataclass(frozen=True)
class Product:
    """`[rows, inner] @ [inner, columns]`, made `times` times for a minibatch."""

    name: str
    rows: int
    inner: int
    columns: int
    times: int = 1

    @property
    def flop(self) -> int:
        """Floating-point operations of all of them; a multiplication and an addition are two."""
        return 2 * self.rows * self.inner * self.columns * self.times


def flop_per_sample(config: Config, observation_size: int, outputs: int) -> int:
    """Operations of all products for one sample in one epoch, forward and backward; `outputs` is the policy's width.

    Backward is twice forward, a product for the gradient of what came in and one for that of the weights, but without
    the observations' gradient.
    """
    hidden, router = config.hidden_size, router_width(config)
    inner = 2 * hidden * cell_gates(config) + 2 * hidden * router + hidden * (outputs + 1)
    inner += (config.encoder_layers - 1 + 2 * config.head_layers) * hidden * hidden
    return 2 * (3 * inner + 2 * observation_size * hidden)


def learner_products(config: Config, observation_size: int, outputs: int) -> tuple[Product, ...]:
    """The products of one minibatch at the sizes at which they are made: those with h once a step, all others once."""
    steps, hidden = config.seq_len, config.hidden_size
    sequences = config.sequences // config.minibatches
    samples, gates, router = steps * sequences, cell_gates(config), router_width(config)
    recurrent = gates + router
    layers = config.encoder_layers - 1 + 2 * config.head_layers
    further = Product("further layers, forward and backward", samples, hidden, hidden, 2 * layers)
    their_weights = Product("weights of the further layers", hidden, samples, hidden, layers)
    return (
        *((further, their_weights) if layers else ()),
        Product("encoder", samples, observation_size, hidden),
        Product("cell of z", samples, hidden, gates),
        Product("router of z", samples, hidden, router),
        Product("cell and router of h, a step", sequences, hidden, recurrent, steps),
        Product("policy and value", samples, hidden, outputs + 1),
        Product("gradient of z by the cell", samples, gates, hidden),
        Product("gradient of z by the router", samples, router, hidden),
        Product("gradient of h, a step", sequences, recurrent, hidden, steps),
        Product("gradient of h by policy and value", samples, outputs + 1, hidden),
        Product("weights of the encoder", hidden, samples, observation_size),
        Product("weights of the cell of z", gates, samples, hidden),
        Product("weights of the router of z", router, samples, hidden),
        Product("weights of the cell and router of h", recurrent, samples, hidden),
        Product("weights of policy and value", outputs + 1, samples, hidden),
    )


class Sgemm:
    """torch's products of given sizes, on memory of its own."""

    def __init__(self, products: tuple[Product, ...]) -> None:
        generator = torch.Generator().manual_seed(0)
        self._operands = [
            (
                torch.rand(product.rows, product.inner, generator=generator),
                torch.rand(product.inner, product.columns, generator=generator),
                torch.empty(product.rows, product.columns),
                product.times,
            )
            for product in products
        ]

    def seconds(self) -> list[float]:
        """The time that each product takes now, all its times together."""
        taken = []
        for a, b, out, times in self._operands:
            began = time.monotonic()
            for _ in range(times):
                torch.mm(a, b, out=out)
            taken.append(time.monotonic() - began)
        return taken
