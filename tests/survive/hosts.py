"""Hosts: network namespaces of this machine, each with an interface of its own, joined to us by a pair of cables."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

HERE = "127.0.0.1"
NETWORK = "198.18.0.0/16"
"""For tests between networks (RFC 2544), so that no machine has it for itself."""


@dataclass(frozen=True)
class Host:
    """One host. `address`: where it is reached; `ours`: where it reaches us; `inside`: what starts programs in it."""

    address: str = HERE
    ours: str = HERE
    inside: Sequence[str] = ()
    cable: str = ""

    def pull(self) -> None:
        """Take its cable out: what is sent either way is lost, and nobody is told."""
        _ip("link", "set", self.cable, "down")

    def plug(self) -> None:
        """Put it back."""
        _ip("link", "set", self.cable, "up")


def why_not() -> str:
    """Why this machine cannot have such hosts; empty if it can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if shutil.which("ip") is None:
        return "the program `ip` is not here (Debian: iproute2)"
    try:
        with host(0):
            return ""
    except subprocess.CalledProcessError as error:
        return f"the kernel makes no network namespaces here: {error.stderr.decode().strip()}"


@contextmanager
def host(number: int) -> Iterator[Host]:
    """Another host, until the end."""
    tag = f"{os.getpid() % 100_000}n{number}"
    space, near, far = f"tertulia-{tag}", f"tn{tag}", f"tf{tag}"
    network = f"198.18.{os.getpid() % 250}"  # runs side by side differ
    here, there = f"{network}.{number * 4 + 1}", f"{network}.{number * 4 + 2}"
    try:
        _ip("netns", "add", space)
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
        _ip("addr", "add", f"{here}/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", space, "addr", "add", f"{there}/30", "dev", far)
        _ip("-n", space, "link", "set", far, "up")
        _ip("-n", space, "link", "set", "lo", "up")
        yield Host(there, here, ["ip", "netns", "exec", space], near)
    finally:
        subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)
