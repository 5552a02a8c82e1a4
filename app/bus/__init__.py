"""The buses: how events get from a relay to the inboxes of the subscribing modules.

The one for all modules in one process is here; `app.bus.redis` is for anything else, and imported only where it is used.
"""

from app.bus.beginning import Beginning
from app.bus.consumer import BATCH, PREFETCH, Consumer
from app.bus.in_process import InProcessBus

__all__ = ["BATCH", "PREFETCH", "Beginning", "Consumer", "InProcessBus"]
