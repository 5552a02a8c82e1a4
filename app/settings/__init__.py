"""What a process is told: which modules it hosts, where the others are, and every bound. Read once, never changed."""

from app.settings.errors import SettingsError
from app.settings.keys import MODULES, SERVICES
from app.settings.load import load_settings
from app.settings.model import Settings
from app.settings.sections import Secrets

__all__ = ["MODULES", "SERVICES", "Secrets", "Settings", "SettingsError", "load_settings"]
