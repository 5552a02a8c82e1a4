from tests.integration.events.mail_fixture import mail, mail_database, unchecked_mail

__all__ = ["mail", "mail_database", "unchecked_mail"]
