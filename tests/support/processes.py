"""Processes that a test watches, and that may end at any moment."""

from __future__ import annotations

import psutil


def forked_by(server: int) -> list[psutil.Process]:
    """Find what the fork server of an emulator has forked, which is the emulator's child.

    :param server: number of the emulator's process.
    """
    found: list[psutil.Process] = []
    for child in psutil.Process(server).children():
        try:
            found += child.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended; it may do so at any moment, also while it is asked."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def child_that_listens(port: int) -> psutil.Process:
    """Find the one child of this process that listens on a port; others may come and go.

    :param port: on any address.
    """
    found: list[psutil.Process] = []
    for child in psutil.Process().children():
        try:
            ports = {each.laddr.port for each in child.net_connections() if each.status == psutil.CONN_LISTEN}
        except psutil.NoSuchProcess:
            continue
        found += [child] if port in ports else []
    (process,) = found
    return process
