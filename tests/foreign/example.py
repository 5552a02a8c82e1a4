"""Runs an example of Python that comes on the input, with the names that it needs, and prints how its `answer` was."""

import ast
import asyncio
import inspect
import json
import sys
from typing import Any


def main() -> None:
    told: dict[str, Any] = json.load(sys.stdin)
    code = compile(told.pop("example"), "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = eval(code, told)  # noqa: S307  a page of ours
    if inspect.iscoroutine(done):
        asyncio.run(done)
    sys.stdout.write(f"{told['answer'].status_code}\n")


if __name__ == "__main__":
    main()
