"""Is everything as it should be? What `waybill doctor` finds, across processes and across modules."""

from app.doctor.examine import Examination, examine
from app.doctor.invariants import Finding
from app.doctor.topology import ModuleState

__all__ = ["Examination", "Finding", "ModuleState", "examine"]
