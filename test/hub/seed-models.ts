import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FileSource } from './blobs.ts';
import { fakeModel, safetensorsFiles } from './fake-model.ts';
import type { RepoOptions } from './repos.ts';
import type { TestHub } from './server.ts';

/** A model that lies in a folder, with every file in it. Takes the place of one that is there already. */
export async function seedModel(hub: TestHub, id: string, folder: string, options: RepoOptions = {}): Promise<void> {
  const files: Record<string, FileSource> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[relative(folder, path).split(sep).join('/')] = { path };
  }
  await hub.addRepo({ type: 'model', id, files, ...options });
}

/** What the published config.json files of Qwen3 have in common. */
const QWEN3 = {
  architectures: ['Qwen3ForCausalLM'],
  model_type: 'qwen3',
  vocab_size: 151_936,
  head_dim: 128,
  num_key_value_heads: 8,
  max_position_embeddings: 40_960,
  hidden_act: 'silu',
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  torch_dtype: 'bfloat16',
  bos_token_id: 151_643,
  eos_token_id: 151_645,
};

const QWEN3_06B = {
  ...QWEN3,
  hidden_size: 1024,
  intermediate_size: 3072,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  tie_word_embeddings: true,
};

const QWEN3_4B = {
  ...QWEN3,
  hidden_size: 2560,
  intermediate_size: 9728,
  num_hidden_layers: 36,
  num_attention_heads: 32,
  tie_word_embeddings: true,
};

const QWEN3_8B = {
  ...QWEN3,
  hidden_size: 4096,
  intermediate_size: 12_288,
  num_hidden_layers: 36,
  num_attention_heads: 32,
  tie_word_embeddings: false,
};

/** ChatML, as these models have it; enough for planning, which looks whether there is a template. */
const CHAT_TEMPLATE =
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}";
const TOKENIZER = {
  'tokenizer_config.json': JSON.stringify({ chat_template: CHAT_TEMPLATE, eos_token: '<|im_end|>' }),
};

/** Repository code that tells on itself when it is run. */
const OWN_CODE = "raise RuntimeError('code from the model repository was run')\n";

/** The models of the demo. All weights are zeros that were never written: see fake-model.ts. */
export async function seedDemoModels(hub: TestHub): Promise<void> {
  await fakeModel(hub, 'Qwen/Qwen3-0.6B', {
    files: TOKENIZER,
    config: QWEN3_06B,
    parameters: 751_632_384,
    downloads: 9_000_000,
  });
  await fakeModel(hub, 'Qwen/Qwen3-4B', {
    files: TOKENIZER,
    config: QWEN3_4B,
    parameters: 4_022_468_096,
    downloads: 3_000_000,
  });
  await fakeModel(hub, 'Qwen/Qwen3-8B', {
    files: TOKENIZER,
    config: QWEN3_8B,
    parameters: 8_190_735_360,
    downloads: 5_000_000,
  });
  await fakeModel(hub, 'somebody/Qwen3-0.6B', {
    files: TOKENIZER,
    config: QWEN3_06B,
    parameters: 751_632_384,
    downloads: 12,
  });

  const small = {
    ...QWEN3_06B,
    vocab_size: 1000,
    hidden_size: 128,
    intermediate_size: 256,
    head_dim: 32,
    num_hidden_layers: 2,
  };
  for (const owner of ['alpha-lab', 'beta-lab']) {
    await fakeModel(hub, `${owner}/tiny-chat`, {
      config: { ...small, num_attention_heads: 4, num_key_value_heads: 2 },
      parameters: 423_680,
      downloads: 500,
    });
  }
  await fakeModel(hub, 'custom-lab/own-code-1b', {
    config: {
      model_type: 'own_code',
      architectures: ['OwnCodeForCausalLM'],
      auto_map: {
        AutoConfig: 'configuration_own_code.OwnCodeConfig',
        AutoModelForCausalLM: 'modeling_own_code.OwnCodeForCausalLM',
      },
    },
    parameters: 1_000_000_000,
    files: { 'configuration_own_code.py': OWN_CODE, 'modeling_own_code.py': OWN_CODE },
    downloads: 40,
  });
  await hub.addRepo({
    type: 'model',
    id: 'quant-lab/Qwen3-0.6B-GGUF',
    // Magic, version 3, no tensors, no metadata.
    files: { 'README.md': '---\nlicense: apache-2.0\n---\n', 'Qwen3-0.6B-Q4_K_M.gguf': ggufHeader() },
    downloads: 3000,
  });
  await hub.addRepo({
    type: 'model',
    id: 'tuner-lab/qwen3-0.6b-sft-lora',
    files: {
      'README.md': '---\nbase_model: Qwen/Qwen3-0.6B\nlibrary_name: peft\n---\n',
      'adapter_config.json': JSON.stringify({
        base_model_name_or_path: 'Qwen/Qwen3-0.6B',
        peft_type: 'LORA',
        task_type: 'CAUSAL_LM',
        r: 16,
        lora_alpha: 32,
        target_modules: ['q_proj', 'v_proj'],
      }),
      ...adapterWeights(QWEN3_06B.num_hidden_layers),
    },
    downloads: 20,
  });
}

function adapterWeights(layers: number): Record<string, FileSource> {
  const names = Array.from({ length: layers }, (_, layer) => `base_model.model.model.layers.${layer}.self_attn`);
  return safetensorsFiles(
    names.flatMap((attention): [string, number[]][] => [
      [`${attention}.q_proj.lora_A.weight`, [16, 1024]],
      [`${attention}.q_proj.lora_B.weight`, [2048, 16]],
      [`${attention}.v_proj.lora_A.weight`, [16, 1024]],
      [`${attention}.v_proj.lora_B.weight`, [1024, 16]],
    ]),
    'adapter_model',
  );
}

function ggufHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.write('GGUF');
  header.writeUInt32LE(3, 4);
  return header;
}
