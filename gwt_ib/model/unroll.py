"""The gated cell over whole sequences with a hand-written backward pass: what the learner runs.

It equals `cell.unroll_cell`, values and gradients, and is faster for three reasons. The gate is one number per step, so
`W (c z) = c (W z)`: every product with `z` is one large product before the loop. Only `h W_h` stays inside it. The
backward pass is a reverse scan that carries `dL/dh` alone; the weights' gradients are single products after it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from gwt_ib.model.cell import CellOutput, GatedCell, unroll_cell


def unroll(cell: GatedCell, z: Tensor, h0: Tensor, logit: Tensor, keep: Tensor) -> CellOutput:
    """Run the cell over `z` [T, B, H] from `h0` [B, S]; `logit` and `keep` are [T, B].

    `keep[t]` is 0 where step t starts from zero, else 1. Returns the states [T, B, S] after each step and `c` [T, B].
    """
    gru = cell.gru
    if gru is None:
        return unroll_cell(cell, z, h0, logit, keep)
    h, c = _Unroll.apply(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        z, h0, logit, keep,
        gru.weight_ih, gru.bias_ih, gru.weight_hh, gru.bias_hh,
        *_router_weights(cell, z),
    )  # fmt: skip
    return CellOutput(h, c)


def _router_weights(cell: GatedCell, like: Tensor) -> tuple[Tensor, ...]:
    """The router's weights; of no router those of one without hidden units, which adds 0."""
    router = cell.router
    if router is None:
        none = like.new_zeros(0, like.shape[-1])
        return none, none[:, 0], none, like.new_zeros(1, 0), like.new_zeros(1)
    return router.from_z.weight, router.from_z.bias, router.from_h.weight, router.out.weight, router.out.bias


class _Unroll(torch.autograd.Function):
    """Forward and backward of the recurrence. R is the router's width; gates lie side by side as reset, update, new."""

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, h0: Tensor, logit: Tensor, keep: Tensor,
        w_ih: Tensor, b_ih: Tensor, w_hh: Tensor, b_hh: Tensor,
        w_rz: Tensor, b_rz: Tensor, w_rh: Tensor, w_out: Tensor, b_out: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        steps, batch, hidden = z.shape
        width = w_rz.shape[0]
        from_z = z @ w_ih.t()  # [T, B, 3H], without bias: the gate scales it, not the bias
        router_z = torch.addmm(b_rz, z.reshape(-1, hidden), w_rz.t()).view(steps, batch, width)
        w_h = torch.cat((w_hh, w_rh))  # [3H + R, H]: one product per step serves the GRU and the router
        b_h = torch.cat((b_hh, b_hh.new_zeros(width)))
        w_h_t = w_h.t().contiguous()
        keep3 = keep.unsqueeze(-1)
        router_out = w_out.view(-1)
        logit = logit + b_out

        h_in = z.new_empty(steps, batch, hidden)  # h after the reset, what each step starts from
        gates = z.new_empty(steps, batch, 3 * hidden)  # reset, update, new, after their nonlinearities
        memory = z.new_empty(steps, batch, hidden)  # h's share of the new gate, before the reset gate scales it
        router = z.new_empty(steps, batch, width)
        c = z.new_empty(steps, batch)
        h = z.new_empty(steps, batch, hidden)

        state = h0
        for t in range(steps):
            start = torch.mul(state, keep3[t], out=h_in[t])
            from_h = torch.addmm(b_h, start, w_h_t)
            a = torch.tanh(router_z[t].add(from_h[:, 3 * hidden :]), out=router[t])
            gate = torch.sigmoid(torch.addmv(logit[t], a, router_out), out=c[t]).unsqueeze(-1)
            x = torch.addcmul(b_ih, gate, from_z[t])
            ru = torch.sigmoid(x[:, : 2 * hidden].add_(from_h[:, : 2 * hidden]), out=gates[t, :, : 2 * hidden])
            m = memory[t].copy_(from_h[:, 2 * hidden : 3 * hidden])
            new = torch.tanh(x[:, 2 * hidden :].addcmul_(ru[:, :hidden], m), out=gates[t, :, 2 * hidden :])
            # h + c (h_prop - h) with h_prop = (1 - u) n + u h is h + c (1 - u) (n - h).
            share = gate - gate * ru[:, hidden:]
            state = torch.addcmul(start, share, new - start, out=h[t])
        ctx.save_for_backward(z, keep, from_z, h_in, gates, memory, router, c, w_ih, w_h, w_rz, w_out)
        return h, c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_h: Tensor, grad_c: Tensor) -> tuple[Tensor | None, ...]:
        z, keep, from_z, h_in, gates, memory, router, c, w_ih, w_h, w_rz, w_out = ctx.saved_tensors
        steps, batch, hidden = z.shape
        width = router.shape[-1]
        keep3, c3 = keep.unsqueeze(-1), c.unsqueeze(-1)
        reset, update, new = gates[..., :hidden], gates[..., hidden : 2 * hidden], gates[..., 2 * hidden :]

        # What does not depend on dL/dh is computed for all steps at once.
        stay = 1 - update
        share = c3 * stay
        difference = new - h_in
        d_new_factor = share * (1 - new * new)
        d_update_factor = -c3 * difference * update * stay
        d_reset_factor = memory * reset * (1 - reset)
        d_c_factor = difference * stay
        d_logit_factor = c - c * c
        d_router_factor = w_out * (1 - router * router)

        d_x = z.new_empty(steps, batch, 3 * hidden)  # towards the gates' inputs
        d_from_h = z.new_empty(steps, batch, 3 * hidden + width)  # towards what h contributes
        d_logit = z.new_empty(steps, batch)
        carry = z.new_zeros(batch, hidden)
        for t in range(steps - 1, -1, -1):
            carry = carry + grad_h[t]
            dx, dfh = d_x[t], d_from_h[t]
            d_new = torch.mul(carry, d_new_factor[t], out=dx[:, 2 * hidden :])
            torch.mul(carry, d_update_factor[t], out=dx[:, hidden : 2 * hidden])
            torch.mul(d_new, d_reset_factor[t], out=dx[:, :hidden])
            d_gate = torch.linalg.vecdot(dx, from_z[t]).add_(torch.linalg.vecdot(carry, d_c_factor[t])).add_(grad_c[t])
            dl = torch.mul(d_gate, d_logit_factor[t], out=d_logit[t])
            dfh[:, : 2 * hidden].copy_(dx[:, : 2 * hidden])
            torch.mul(d_new, reset[t], out=dfh[:, 2 * hidden : 3 * hidden])
            torch.mul(dl.unsqueeze(-1), d_router_factor[t], out=dfh[:, 3 * hidden :])
            carry = torch.addcmul(carry, carry, share[t], value=-1).addmm_(dfh, w_h).mul_(keep3[t])

        def flat(x: Tensor) -> Tensor:
            return x.flatten(0, 1)

        d_from_z = c3 * d_x
        d_router = d_from_h[..., 3 * hidden :]
        d_z = torch.addmm(flat(d_from_z) @ w_ih, flat(d_router), w_rz).view_as(z)
        d_w_h = flat(d_from_h).t() @ flat(h_in)
        return (
            d_z, carry, d_logit, None,
            flat(d_from_z).t() @ flat(z), flat(d_x).sum(0),
            d_w_h[: 3 * hidden], flat(d_from_h[..., : 3 * hidden]).sum(0),
            flat(d_router).t() @ flat(z), flat(d_router).sum(0),
            d_w_h[3 * hidden :],
            (d_logit.reshape(1, -1) @ flat(router)).view_as(w_out), d_logit.sum().view(1),
        )  # fmt: skip
