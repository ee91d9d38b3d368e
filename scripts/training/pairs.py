"""KTO's rows, one answer each, in the order in which they are trained on."""

from datasets import Dataset
from trl import maybe_extract_prompt, unpair_preference_dataset


def mixed_rows(rows: Dataset, seed: int) -> Dataset:
    """KTO takes rows as they stand, since it compares neighbours, and TRL puts `rejected` of 1,000 pairs behind all
    `chosen`: shuffled once, good and bad answers meet in a batch."""
    if "chosen" in rows.column_names:
        rows = unpair_preference_dataset(rows.map(maybe_extract_prompt))
    return rows.shuffle(seed=seed)
