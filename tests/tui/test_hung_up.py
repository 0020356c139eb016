"""A dashboard leaves when its terminal is gone, also where nobody sends it a hang-up."""

import asyncio
import os
import pty

from gwt_ib_tui import terminal
from gwt_ib_tui.terminal import leave_when_hung_up


async def test_a_terminal_that_is_gone_is_noticed_without_a_signal(monkeypatch):
    monkeypatch.setattr(terminal, "HUNG_UP_S", 0.01)
    master, slave = pty.openpty()
    gone = asyncio.Event()
    leave_when_hung_up(asyncio.get_running_loop(), gone.set, slave)
    os.write(master, b"keys")  # what there is to read is no end
    await asyncio.sleep(0.05)
    assert not gone.is_set()
    os.close(master)
    await asyncio.wait_for(gone.wait(), 30)
    os.close(slave)
