"""The cell against the equations of docs/model.md, and its fast unroll against the cell."""

import pytest
import torch
from support import ARMS, small_config

from gwt_ib.model.cell import GatedCell, TdScale, prior_logit, td_norm, unroll_cell
from gwt_ib.model.unroll import unroll
from gwt_ib.model.weights import state_size

T, B, H = 7, 3, 5


def make(dtype: torch.dtype = torch.float64, steps: int = T, batch: int = B, hidden: int = H, arm: str = "gru-td"):
    """A cell with no zero weights, and inputs with resets inside the sequences."""
    torch.manual_seed(1)
    config = small_config(hidden_size=hidden, **ARMS[arm])
    cell = GatedCell(config).to(dtype)
    z = torch.randn(steps, batch, hidden, dtype=dtype, requires_grad=True)
    h0 = torch.randn(batch, state_size(config), dtype=dtype, requires_grad=True)
    logit = torch.randn(steps, batch, dtype=dtype, requires_grad=True)
    keep = (torch.rand(steps, batch) > 0.3).to(dtype)
    assert 0 < keep[1:].mean() < 1
    return cell, z, h0, logit, keep


def test_the_prior_is_the_seeds_equation():
    td = TdScale(torch.tensor(0.5), torch.tensor(2.0))
    logit = prior_logit(
        td_norm(torch.tensor([4.5, -3.5]), torch.zeros(2), td), td_scale=5.0, base_logit=-1.0, bias=torch.tensor(-1.5)
    )
    assert logit.tolist() == pytest.approx([5.0 * 2.0 - 2.5, 5.0 * 2.0 - 2.5])


def test_a_step_is_the_gated_gru_written_out():
    cell, z, h0, logit, _ = make()
    h, c = cell(z[0], h0, logit[0], torch.ones(B, dtype=z.dtype))
    gru, router = cell.gru, cell.router
    residual = torch.tanh(z[0] @ router.from_z.weight.T + router.from_z.bias + h0 @ router.from_h.weight.T)
    expected_c = torch.sigmoid(logit[0] + (residual @ router.out.weight.T + router.out.bias)[:, 0])
    x = (expected_c[:, None] * z[0]) @ gru.weight_ih.T + gru.bias_ih
    m = h0 @ gru.weight_hh.T + gru.bias_hh
    reset, update = torch.sigmoid(x[:, :H] + m[:, :H]), torch.sigmoid(x[:, H : 2 * H] + m[:, H : 2 * H])
    new = torch.tanh(x[:, 2 * H :] + reset * m[:, 2 * H :])
    proposal = (1 - update) * new + update * h0
    torch.testing.assert_close(c, expected_c)
    torch.testing.assert_close(h, h0 + expected_c[:, None] * (proposal - h0))


def test_a_step_is_the_gated_lstm_written_out():
    cell, z, state0, logit, _ = make(arm="lstm-td")
    state, c = cell(z[0], state0, logit[0], torch.ones(B, dtype=z.dtype))
    h0, m0, lstm = state0[:, :H], state0[:, H:], cell.lstm
    torch.testing.assert_close(c, torch.sigmoid(logit[0] + cell.router(z[0], h0)))
    gate = c[:, None]
    x = (gate * z[0]) @ lstm.weight_ih.T + lstm.bias_ih + h0 @ lstm.weight_hh.T + lstm.bias_hh
    into, forget, new, out = (x[:, k * H : (k + 1) * H] for k in range(4))
    m = torch.sigmoid(forget) * m0 + torch.sigmoid(into) * torch.tanh(new)
    h = torch.sigmoid(out) * torch.tanh(m)
    torch.testing.assert_close(state, torch.cat((h0 + gate * (h - h0), m0 + gate * (m - m0)), dim=1))


@pytest.mark.parametrize("arm", ["gru-td", "lstm-td", "gru-prior", "lstm-open"])
def test_a_closed_gate_freezes_the_whole_state_bit_by_bit(arm):
    cell, z, h0, _, _ = make(torch.float32, arm=arm)
    assert torch.equal(cell.gated_update(z[0], h0, torch.zeros(B)), h0)
    never = torch.full((T, B), -torch.inf)
    h, c = unroll(cell, z.detach(), h0, never, torch.ones(T, B))
    assert torch.equal(c, torch.zeros(T, B))
    assert torch.equal(h, h0.expand(T, *h0.shape))


@pytest.mark.parametrize("arm", ["gru-td", "lstm-td"])
def test_a_reset_forgets_what_was_before(arm):
    cell, z, h0, logit, _ = make(arm=arm)
    keep = torch.ones(T, B, dtype=z.dtype)
    keep[3, 1] = 0
    whole, _ = unroll_cell(cell, z, h0, logit, keep)
    tail, _ = unroll_cell(cell, z[3:, 1:2], torch.zeros_like(h0[:1]), logit[3:, 1:2], keep[3:, 1:2])
    torch.testing.assert_close(whole[3:, 1:2], tail)


@pytest.mark.parametrize(("dtype", "sizes", "tolerance", "arm"), [
    *((torch.float64, (T, B, H), 1e-12, arm) for arm in ("gru-td", "gru-open", "lstm-td", "lstm-open")),
    (torch.float32, (64, 16, 128), 2e-5, "gru-td"),
])  # fmt: skip
def test_the_unroll_equals_the_cell_loop_in_values_and_gradients(dtype, sizes, tolerance, arm):
    cell, z, h0, logit, keep = make(dtype, *sizes, arm=arm)
    names = ["z", "h0", "logit", *(name for name, _ in cell.named_parameters())]
    inputs = [z, h0, logit, *cell.parameters()]
    weight_h, weight_c = torch.randn(*z.shape[:2], h0.shape[1], dtype=dtype), torch.randn_like(logit)
    results = []
    for function in (unroll_cell, unroll):
        h, c = function(cell, z, h0, logit, keep)
        gradients = torch.autograd.grad((h * weight_h).sum() + (c * weight_c).sum(), inputs)
        results.append({"h": h, "c": c, **dict(zip(names, gradients, strict=True))})
    for name, expected in results[0].items():
        error = (results[1][name] - expected).abs().max() / expected.abs().max()
        assert error < tolerance, f"{name}: relative error {error:.2e}"


def test_gradcheck_of_the_unroll():
    cell, z, h0, logit, keep = make(steps=4, batch=2, hidden=3)
    inputs = (z, h0, logit, *cell.parameters())

    def function(*given: torch.Tensor):
        names = [name for name, _ in cell.named_parameters()]
        parameters = dict(zip(names, given[3:], strict=True))

        class Call(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.cell = cell

            def forward(self, z, h0, logit):
                return tuple(unroll(self.cell, z, h0, logit, keep))

        renamed = {f"cell.{name}": value for name, value in parameters.items()}
        return torch.func.functional_call(Call(), renamed, given[:3])

    assert torch.autograd.gradcheck(function, inputs)
