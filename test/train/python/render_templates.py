"""What transformers' renderer makes of conversations.

Run as `python render_templates.py <templates> <cases.json> <rendered.json>`. For each template and case: the text, or
the error.
"""

import json
import sys
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

if __name__ == "__main__":
    templates, cases, out = sys.argv[1:]
    asked = json.loads(Path(cases).read_text(encoding="utf-8"))
    rendered = {}
    for path in sorted(Path(templates).glob("*.jinja")):
        for name, case in asked["cases"].items():
            # apply_chat_template leaves nulls out before it renders.
            messages = [{key: value for key, value in turn.items() if value is not None} for turn in case["messages"]]
            variables = {**asked["special"], **case.get("kwargs", {})}
            try:
                (text,), _ = render_jinja_template(
                    [messages],
                    tools=case.get("tools"),
                    chat_template=path.read_text(encoding="utf-8"),
                    add_generation_prompt=case.get("generation", False),
                    **variables,
                )
                rendered[f"{path.name} {name}"] = {"text": text}
            except Exception as error:
                rendered[f"{path.name} {name}"] = {"raises": f"{type(error).__name__}: {error}"}
    Path(out).write_text(json.dumps(rendered), encoding="utf-8")
