"""Imported by every Python that finds it on its path: lets packages that were built for CUDA run on a CPU.

- torchvision's wheel on PyPI defines its operators in a library that asks for CUDA, and its import ends there. Pictures
  are resized without them: defined by name they are enough.
- torchaudio's and torchcodec's end the same way, and are wanted for sound and films only.
- vLLM on a CPU packs weights and forgets the originals, which colocated training writes new weights to. Kept.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from types import ModuleType
from typing import Any

OPERATORS = ["nms", "qnms", "roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "deform_conv2d"]
HIDDEN = ["torchaudio", "torchcodec"]
LINEAR = "vllm.model_executor.layers.linear"
libraries: list[Any] = []


def define_operators(_: ModuleType) -> None:
    if version("torchvision").endswith("+cpu"):  # PyTorch's own index has such builds
        return
    torch = importlib.import_module("torch")
    library = torch.library.Library("torchvision", "DEF")
    for name in OPERATORS:
        library.define(f"{name}(Tensor x) -> Tensor")
        library.define(f"_{name}_backward(Tensor x) -> Tensor")
    libraries.append(library)


def keep_weights(linear: ModuleType) -> None:
    torch = importlib.import_module("torch")
    embedding = importlib.import_module("vllm.model_executor.layers.vocab_parallel_embedding")

    def process(_: Any, layer: Any) -> None:
        layer.cpu_linear = torch.nn.functional.linear

    linear.UnquantizedLinearMethod.process_weights_after_loading = process
    embedding.UnquantizedEmbeddingMethod.process_weights_after_loading = process


BEFORE: dict[str, Callable[[ModuleType], None]] = {"torchvision": define_operators}
AFTER: dict[str, Callable[[ModuleType], None]] = {LINEAR: keep_weights}


class Mending(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in BEFORE and name not in AFTER:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            BEFORE.get(name, lambda _: None)(module)
            run(module)
            AFTER.get(name, lambda _: None)(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.modules.update(dict.fromkeys(HIDDEN))  # type: ignore[arg-type]
sys.meta_path.insert(0, Mending())
