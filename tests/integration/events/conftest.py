from tests.integration.events.mail_fixture import mail, mail_database, unchecked_mail
from tests.integration.events.whole_fixture import whole, whole_databases

__all__ = ["mail", "mail_database", "unchecked_mail", "whole", "whole_databases"]
