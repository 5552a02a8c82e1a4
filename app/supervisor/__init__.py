"""Starting all parts of the system on this machine, keeping them running, and ending them together."""

from app.supervisor.environment import Deployment, serve_command
from app.supervisor.plan import MODULES, ProcessSpec, WrongPlan, one_process, planned
from app.supervisor.runfile import RunFile, RunProcess, read_run
from app.supervisor.supervisor import Supervisor

__all__ = [
    "MODULES",
    "Deployment",
    "ProcessSpec",
    "RunFile",
    "RunProcess",
    "Supervisor",
    "WrongPlan",
    "one_process",
    "planned",
    "read_run",
    "serve_command",
]
