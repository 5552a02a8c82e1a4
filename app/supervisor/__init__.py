"""Starting all parts of the system on this machine, keeping them running, and ending them together."""

from app.supervisor.plan import MODULES, ProcessSpec, one_process, serve_command
from app.supervisor.runfile import RunFile, RunProcess, read_run
from app.supervisor.supervisor import Supervisor

__all__ = [
    "MODULES",
    "ProcessSpec",
    "RunFile",
    "RunProcess",
    "Supervisor",
    "one_process",
    "read_run",
    "serve_command",
]
