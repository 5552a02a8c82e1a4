"""A container whose process never runs: it is asked what it is made of, and reaches nothing."""

from collections.abc import Mapping

from app.container import Container
from app.service_key import new_service_key
from app.settings import MODULES, SERVICES, Settings
from app.supervisor.plan import PORTS

HOST = "127.0.0.1"
PLACED: Mapping[str, str] = {module: f"http://{HOST}:{PORTS[module]}" for module in MODULES}
"""Where each service is when all four run on one machine."""
REDIS_HOST, REDIS_DATABASE = f"{HOST}:6379", "/0"


def standstill(*modules: str) -> Container:
    """The process of a deployment in which these modules live."""
    return Container(
        settings=Settings(
            modules=modules,
            placement=PLACED,
            databases={module: f"postgresql://nobody@nowhere/{module}" for module in modules},
            services={module: new_service_key() for module in SERVICES},
            events={"bus": "redis", "url": f"redis://{REDIS_HOST}{REDIS_DATABASE}"},
            tokens={"issuer": PLACED["auth"]},
            secrets={"pepper": "p" * 43, "key_encryption_key": "k" * 43},
        )
    )
