from tests.support.shop_fixture import premises, unchecked_shop

__all__ = ["premises", "unchecked_shop"]
