from pathlib import Path

import pytest

from app.chaos.disk import Disk, NoDisk


async def test_a_machine_that_mounts_nothing_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no `mount`
    with pytest.raises(NoDisk, match="No such file"):
        async with Disk(tmp_path / "disk").mounted():
            pass


async def test_a_disk_is_full_and_has_space_again(tmp_path: Path) -> None:
    disk, file = Disk(tmp_path / "disk"), tmp_path / "disk" / "file"
    try:
        async with disk.mounted():
            file.write_bytes(b"x" * 100_000)
            await disk.fill()
            with pytest.raises(OSError, match="No space"):
                file.with_name("another").write_bytes(b"x" * 100_000)
            await disk.free()
            file.with_name("another").write_bytes(b"x" * 100_000)
            assert len(file.read_bytes()) == 100_000
    except NoDisk as reason:
        pytest.skip(f"nobody may mount a disk here: {reason}")
