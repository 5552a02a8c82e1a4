from tests.contract.abroad import abroad
from tests.contract.redis_world import unchecked_world
from tests.integration.events.mail_fixture import mail_database, unchecked_mail
from tests.integration.events.whole_fixture import whole, whole_databases
from tests.support.shop_fixture import premises, unchecked_shop

__all__ = [
    "abroad",
    "mail_database",
    "premises",
    "unchecked_mail",
    "unchecked_shop",
    "unchecked_world",
    "whole",
    "whole_databases",
]
