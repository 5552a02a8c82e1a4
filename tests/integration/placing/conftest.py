from tests.support.shop_fixture import premises, shop, unchecked_shop

__all__ = ["premises", "shop", "unchecked_shop"]
