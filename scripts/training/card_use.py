"""How to use a model: with transformers, peft, vLLM, llama.cpp."""

from typing import Any


def usage(name: str, base: dict[str, Any], conversational: bool, is_adapter: bool) -> list[str]:
    """Markdown. `name`: of the repository, or of the folder."""
    # <generates>
    prompt = '[{"role": "user", "content": "..."}]' if conversational else '"..."'
    code = [
        "from transformers import pipeline",
        "",
        f"generate = pipeline('text-generation', model={name!r})",
        f"print(generate({prompt}, max_new_tokens=100)[0]['generated_text'])",
    ]
    # </generates>
    # <sees>
    code = [
        "from transformers import pipeline",
        "",
        f"answer = pipeline('image-text-to-text', model={name!r})",
        'parts = [{"type": "image", "url": "picture.png"}, {"type": "text", "text": "..."}]',
        'messages = [{"role": "user", "content": parts}]',
        "print(answer(text=messages, max_new_tokens=100, return_full_text=False)[0]['generated_text'])",
    ]
    # </sees>
    # <reward_model>
    library, prefix = ("peft", "AutoPeft") if is_adapter else ("transformers", "Auto")
    # As the trainer makes tokens of a text.
    messages = '[{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'
    text = f"tokenizer.apply_chat_template({messages}, tokenize=False)"
    code = [
        f"from {library} import {prefix}ModelForSequenceClassification",
        "from transformers import AutoTokenizer",
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({name!r})",
        f"model = {prefix}ModelForSequenceClassification.from_pretrained({name!r}, num_labels=1)",
        f"text = {text}" if conversational else 'text = "..." + tokenizer.eos_token',
        f'inputs = tokenizer(text, return_tensors="pt", add_special_tokens={not conversational})',
        "print(model(**inputs).logits.item())  # higher is better",
    ]
    # </reward_model>
    lines = ["## Use", "", "```python", *code, "```", ""]
    # <serves>
    serve, folder = f"vllm serve {name}", "model"
    # <lora>
    if is_adapter:
        serve, folder = f"vllm serve {base['id']} --enable-lora --lora-modules trained={name}", "merged"
        merge = [
            "from peft import AutoPeftModelForCausalLM",
            "from transformers import AutoTokenizer",
            "",
            f"AutoPeftModelForCausalLM.from_pretrained({name!r}).merge_and_unload().save_pretrained('merged')",
            f"AutoTokenizer.from_pretrained({name!r}).save_pretrained('merged')",
        ]
        lines += ["The adapter and its base as one model:", "", "```python", *merge, "```", ""]
    # </lora>
    lines += ["A server, with [vLLM](https://docs.vllm.ai):", "", "```sh", serve, "```", ""]
    # <generates>
    convert = [f"python convert_hf_to_gguf.py {folder} --outfile model.gguf"]
    if not is_adapter:
        convert = [f"hf download {name} --local-dir model", *convert]
    lines += ["A file for [llama.cpp](https://github.com/ggml-org/llama.cpp), by its converter:", ""]
    lines += ["```sh", *convert, "```", ""]
    # </generates>
    # </serves>
    return lines  # noqa: RET504
