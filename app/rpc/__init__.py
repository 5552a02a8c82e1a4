"""Calls to modules in other processes: the client end of `modules/kernel/rpc`."""

from app.rpc.channel import HttpChannel
from app.rpc.peer import CONNECTIONS, LOOK_AGAIN_AFTER_S, MAX_ANSWER, Peer, http_client
from app.rpc.peers import Peers

__all__ = ["CONNECTIONS", "LOOK_AGAIN_AFTER_S", "MAX_ANSWER", "HttpChannel", "Peer", "Peers", "http_client"]
