"""Runs an example of Python that comes on the input, with the names that it needs.

Prints how its `answer` was, and what it was `told` of its token.
"""

import ast
import asyncio
import inspect
import json
import sys
from typing import Any


def main() -> None:
    names: dict[str, Any] = json.load(sys.stdin)
    code = compile(names.pop("example"), "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = eval(code, names)  # noqa: S307  a page of ours
    if inspect.iscoroutine(done):
        asyncio.run(done)
    sys.stdout.write(json.dumps([names["answer"].status_code, names.get("told", {"active": None})["active"]]))


if __name__ == "__main__":
    main()
