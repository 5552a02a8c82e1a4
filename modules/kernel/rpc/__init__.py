"""What a call between modules means: how it may be repeated, how long it may take, and how it crosses a distance."""

from modules.kernel.rpc.crossing import CONTRACT_HEADER, DEADLINE_HEADER, Channel, Crossing, crossing
from modules.kernel.rpc.deadline import DEFAULT_TIMEOUT_S, deadline, remaining_s
from modules.kernel.rpc.policy import MethodPolicy, Repeat, idempotent, once, policies, read
from modules.kernel.rpc.refusal import ContractMismatch, PeerFault, error_of

__all__ = [
    "CONTRACT_HEADER",
    "DEADLINE_HEADER",
    "DEFAULT_TIMEOUT_S",
    "Channel",
    "ContractMismatch",
    "Crossing",
    "MethodPolicy",
    "PeerFault",
    "Repeat",
    "crossing",
    "deadline",
    "error_of",
    "idempotent",
    "once",
    "policies",
    "read",
    "remaining_s",
]
