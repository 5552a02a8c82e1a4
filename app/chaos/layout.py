"""Which processes a drill's system has, and where they listen."""

from dataclasses import dataclass

from app.supervisor import ProcessSpec, planned


@dataclass(frozen=True, slots=True)
class Layout:
    """As `up` is told: everything on `port`, or a `split` on `ports`.

    Raises:
        WrongPlan: they ask for nothing that can be started (when it is asked for the processes).
    """

    port: int
    split: str | None = None
    ports: str | None = None

    @property
    def specs(self) -> tuple[ProcessSpec, ...]:
        """The processes."""
        return planned(self.split, self.ports, self.port)

    @property
    def is_split(self) -> bool:
        """Whether there is anything between them."""
        return len(self.specs) > 1

    @property
    def modules(self) -> list[str]:
        """A module of each process, by which it is called."""
        return [spec.modules[0] for spec in self.specs]

    @property
    def words(self) -> list[str]:
        """The options of `up`."""
        given = {"--port": str(self.port), "--split": self.split, "--ports": self.ports}
        return [word for option, value in given.items() if value for word in (option, value)]
