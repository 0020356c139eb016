"""The memory of processes with what they share counted once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gwt_ib.bench.reporting_learner import run_memory
from gwt_ib.machine import cpu_model, machine_facts

MIB = 1 << 20
TOUCH = (
    "import mmap, sys\n"
    "memory = mmap.mmap(int(sys.argv[1]), 64 << 20)\n"
    "total = sum(memory[at] for at in range(0, 64 << 20, 4096))\n"
    "print(total, flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="this system does not tell shares of pages")
def test_shared_memory_is_counted_once():
    descriptor = os.memfd_create("gwt-ib-test")
    os.ftruncate(descriptor, 64 * MIB)
    command = [sys.executable, "-S", "-c", TOUCH, str(descriptor)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "pass_fds": [descriptor], "text": True}
    children = []
    sums = []
    for _ in range(2):
        children.append(subprocess.Popen(command, **pipes))
        assert children[-1].stdout.readline() == "0\n"
        memory = list(run_memory(os.getpid()))[1:]
        assert all(process["peak"] >= process["now"] for process in memory)
        sums.append(sum(process["now"] for process in memory))
    for child in children:
        child.communicate("")
    os.close(descriptor)
    assert 64 * MIB < sums[0] < 96 * MIB
    assert sums[1] < sums[0] + 32 * MIB, "the second process maps the same 64 MiB, and has but little of its own"


def test_the_first_process_is_the_trainer_itself():
    assert next(run_memory(os.getpid()))["name"] == "trainer"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("gwt_ib.processes.learner_process", "learner"),
        ("gwt_ib.bench.reporting_learner", "learner"),
        ("gwt_ib.processes.actor", "actor"),
    ],
)
def test_a_process_has_the_name_of_what_it_does(module, name):
    command = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()", "-m", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        assert name in {process["name"] for process in run_memory(os.getpid())}
        child.stdin.close()


def test_the_processor_is_named_or_its_architecture_is(tmp_path):
    named = tmp_path / "cpuinfo"
    named.write_text("processor\t: 0\nmodel name\t: A Fast One\nflags\t: fpu\n")
    assert cpu_model(named) == "A Fast One"
    assert cpu_model(tmp_path / "absent") == os.uname().machine


def test_the_facts_name_what_figures_depend_on():
    facts = machine_facts()
    assert facts["cores"] >= 1 and facts["memory_bytes"] > MIB and len(facts["load_average"]) == 3
    assert all(facts[name] for name in ("python", "torch", "numpy", "popgym"))
