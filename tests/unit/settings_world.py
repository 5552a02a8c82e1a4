"""Settings read from a text, with databases and secrets from variables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.service_key import new_service_key
from app.settings import MODULES, SERVICES, Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
PASSWORD = "sesame-open-4711"
ENV = {
    **{f"WAYBILL_DATABASES__{name.upper()}": f"postgresql://{name}:{PASSWORD}@localhost/{name}" for name in MODULES},
    "WAYBILL_SECRETS__PEPPER": "pepper-" * 6,
    "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY": "keykey-" * 6,
    **{f"WAYBILL_SERVICES__{name.upper()}": new_service_key() for name in SERVICES},
}
MINIMAL = """\
[tokens]
issuer = "http://127.0.0.1:3000"
"""
DISTRIBUTED = """\
[placement]
auth     = "http://127.0.0.1:3004"
sales    = "http://127.0.0.1:3001"
delivery = "http://127.0.0.1:3002"
product  = "http://127.0.0.1:3003"

[events]
bus = "redis"
url = "redis://127.0.0.1:6379/0"

[tokens]
issuer = "http://127.0.0.1:3004"
"""


class Loader:
    """Loads a text as if it were `waybill.toml`, and gives the problems without the folder it lay in."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "waybill.toml"

    def load(self, text: str, env: Mapping[str, str] = ENV, **overrides: Any) -> Settings:
        self.path.write_text(text, encoding="utf-8")
        return load_settings(self.path, env, **overrides)

    def problems(self, text: str, env: Mapping[str, str] = ENV, **overrides: Any) -> list[str]:
        with pytest.raises(SettingsError) as refused:
            self.load(text, env, **overrides)
        assert str(refused.value) == "\n".join(refused.value.problems)
        return [problem.removeprefix(f"{self.path.parent}/") for problem in refused.value.problems]


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)
