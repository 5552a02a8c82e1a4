"""From when on a module's consumer may handle what a source tells."""

import asyncio

from loguru import logger

from app.bus.feeding import rest, tried
from modules.kernel.adoption import Adoption
from modules.kernel.errors import Unavailable


class Beginning:
    """Which sources a module follows by now, and which it can't follow before it has taken over how far they are.

    Until it has looked into its database it follows none of those that `adoption` is about.
    """

    def __init__(self, module: str, adoption: Adoption | None = None) -> None:
        self.module = module
        self._adoption = adoption
        self._looked = adoption is None
        self._ahead = frozenset[str]() if adoption is None else adoption.sources

    def follows(self, source: str) -> bool:
        """Whether what this source tells may be handled."""
        return source not in self._ahead

    @property
    def ahead(self) -> frozenset[str]:
        """The sources that are known not to be followed yet."""
        return self._ahead if self._looked else frozenset()

    async def look(self) -> None:
        """Find out what was taken over before; one statement, once.

        Raises:
            Unavailable: the module's database is away.
        """
        if self._adoption is None or self._looked:
            return
        missing = await self._adoption.missing()
        if not self._looked:  # else another has looked meanwhile, and more may be done by now
            self._ahead, self._looked = missing, True

    async def run(self) -> None:
        """Take over what is missing, each source by itself and for as long as it takes."""
        failures = 0
        while not await tried(self.module, self.look()):
            failures += 1
            await rest(failures)
        if self._adoption is not None:
            async with asyncio.TaskGroup() as tasks:
                for source in self._ahead:
                    tasks.create_task(self._begin(self._adoption, source))

    async def _begin(self, adoption: Adoption, source: str) -> None:
        failures = 0
        while True:
            try:
                await adoption.adopt(source)
            except Unavailable as error:
                if not failures:
                    logger.warning(
                        "{} can't follow {} before it knows how far that is: {}", self.module, source, error.detail
                    )
            except Exception:  # noqa: BLE001  # a fault of ours must not keep the other sources from being followed
                if not failures:
                    logger.exception("{} can't follow {} and tries again", self.module, source)
            else:
                break
            failures += 1
            await rest(failures)
        self._ahead -= {source}
        logger.info("{} follows {} from here on", self.module, source)
