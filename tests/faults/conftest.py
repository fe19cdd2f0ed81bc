from tests.jobs.conftest import business_urls, make_world, world

__all__ = ["business_urls", "make_world", "world"]
