"""The fixtures as tables, made the way the training script makes them of local files."""

import base64
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from datasets import Dataset, Features, Image, List
from PIL import Image as Picture

CASES = Path(__file__).parent.parent / "fixtures" / "cases"
PICTURES_TEMPLATE = "llava_next"


@dataclass
class Case:
    """One file. `vision` says which of the two tiny models it is tried on."""

    name: str
    rows: list[dict[str, Any]]
    images: dict[str, str]
    template: str
    max_length: int
    vision: bool

    def with_rows(self, rows: list[dict[str, Any]]) -> "Case":
        """The same of other rows, which may have no pictures any more."""
        vision = self.vision and is_pictured(rows)
        template = self.template if vision == self.vision else self.text_template
        return replace(self, rows=rows, vision=vision, template=template)

    @property
    def text_template(self) -> str:
        """For trainers that look at text alone, whatever the data."""
        return "qwen3" if self.template == PICTURES_TEMPLATE else self.template


class MixedTypes(Exception):
    """A column holds values of several types: the training script stops before TRL sees the rows."""


def load_case(file: Path) -> Case:
    document = json.loads(file.read_text(encoding="utf-8"))
    rows = expand(document["rows"])
    vision = document.get("model", "vision" if is_pictured(rows) else "text") == "vision"
    return Case(
        name=file.stem,
        rows=rows,
        images=document.get("features", {}),
        template=document.get("template", PICTURES_TEMPLATE if vision else "qwen3"),
        max_length=document.get("max_length", 1024),
        vision=vision,
    )


def is_pictured(rows: list[dict[str, Any]]) -> bool:
    """As TRL tells vision data."""
    return bool(rows) and ("image" in rows[0] or "images" in rows[0])


def expand(value: Any) -> Any:
    """`{"$repeat": [value, n]}` is that text or list n times; `{"$png": [w, h]}` a picture; `{"$bytes": base64}`."""
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["$repeat"]:
        repeated, times = value["$repeat"]
        return expand(repeated) * times
    if list(value) == ["$png"]:
        return {"bytes": png(*value["$png"]), "path": None}
    if list(value) == ["$bytes"]:
        return {"bytes": base64.b64decode(value["$bytes"]), "path": None}
    return {key: expand(item) for key, item in value.items()}


def png(width: int, height: int) -> bytes:
    picture = Picture.new("RGB", (width, height), (40, 120, 200))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def table(rows: list[dict[str, Any]], images: dict[str, str]) -> Dataset:
    """As scripts/training/data.py does it. Raises MixedTypes."""
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        try:
            columns[name] = pyarrow.array([row.get(name) for row in rows])
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError) as error:
            raise MixedTypes(f"column {name!r} mixes types") from error
    dataset = Dataset(pyarrow.table(columns))
    kinds = {"Image": Image(), "List(Image)": List(Image())}
    declared = {name: kinds[kind] for name, kind in images.items() if name in columns}
    return dataset.cast(Features({**dataset.features, **declared})) if declared else dataset


def has_pictures(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_pictures(item) for item in value.values())
    return isinstance(value, bytes) or (isinstance(value, list) and any(has_pictures(item) for item in value))


def write_parquet(case: Case, folder: Path) -> None:
    """With the metadata of `datasets` where the case declares its pictures, without where it doesn't."""
    dataset = table(case.rows, case.images)
    if case.images:
        dataset.to_parquet(folder / f"{case.name}.parquet")
    else:
        pyarrow.parquet.write_table(dataset.data.table.replace_schema_metadata(None), folder / f"{case.name}.parquet")
