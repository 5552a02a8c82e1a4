"""Several server processes on the same ports."""

from uvicorn.supervisors import Multiprocess


class Workers(Multiprocess):
    """As uvicorn has them, but when they are to stop nobody else keeps their ports open.

    Else who comes while the last of them ends would wait in a queue from which nobody takes any more.
    """

    def terminate_all(self) -> None:
        """Have all of them stop."""
        for opened in self.sockets:
            opened.close()
        super().terminate_all()
