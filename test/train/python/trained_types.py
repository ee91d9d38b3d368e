"""What a composed script trains, by its tensors' types: one JSON line for each script that is named.

A gradient scaler, which training in fp16 has, refuses gradients in fp16; it is asked.
"""

import json
import runpy
import sys
import tempfile
from pathlib import Path

import torch

for file in sys.argv[1:]:
    script = runpy.run_path(file, run_name="composed")
    plan = script["PLAN"]
    rows, _ = script["load_rows"](plan["dataset"], 42)
    init = script["model_arguments"](plan["recipe"])
    trainer = script["make_trainer"](
        plan,
        script["trainer_arguments"](plan, Path(tempfile.mkdtemp()), init, None),
        model=plan["model"]["id"],
        processing_class=script["load_tokenizer"](plan["model"]),
        train_dataset=rows,
    )
    trained = [parameter for parameter in trainer.model.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(torch.ones(()))
    scaler.unscale_(torch.optim.SGD(trained))
    frozen = {str(parameter.dtype) for parameter in trainer.model.parameters() if not parameter.requires_grad}
    print("DATA", json.dumps({"trained": sorted({str(one.dtype) for one in trained}), "frozen": sorted(frozen)}))
