from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def write_privately(file: Path, text: str) -> bool:
    """Put `text` into a file that its owner alone can read, at once or not at all; False if it is there already."""
    with suppress(FileNotFoundError):
        if file.read_text() == text:
            return False
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", delete=False) as new:
        new.write(text)
    Path(new.name).rename(file)
    return True
