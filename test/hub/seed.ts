import { seedDemoModels } from './seed-models.ts';
import { problemRows } from './seed-problems.ts';
import type { TestHub } from './server.ts';

export { seedModel } from './seed-models.ts';

/** What a Hub started by hand holds, and the ids by which tests find it. */
export const DEMO = {
  dataset: 'open-r1/codeforces-cots',
  privateDataset: 'tester/private-notes',
  gatedDataset: 'gated-lab/medical-dialogues',
  emptyDataset: 'tester/empty',
  notReadyDataset: 'slow-lab/still-processing',
  ambiguousDatasets: ['alpha-lab/chat-demo', 'beta-lab/chat-demo'],
  model: 'Qwen/Qwen3-0.6B',
  ambiguousModels: ['alpha-lab/tiny-chat', 'beta-lab/tiny-chat'],
  ownCodeModel: 'custom-lab/own-code-1b',
  ggufModel: 'quant-lab/Qwen3-0.6B-GGUF',
  adapterModel: 'tuner-lab/qwen3-0.6b-sft-lora',
} as const;

function jsonl(rows: unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

const CARD = `---
license: cc-by-4.0
configs:
- config_name: checker_interactor
  data_files:
  - split: train
    path: checker_interactor/train-*
- config_name: solutions
  default: true
  data_files:
  - split: train
    path: solutions/train-*
- config_name: solutions_py
  data_files:
  - split: train
    path: solutions_py/train-*
---

# Worked programming problems

Rows in the shape of the real set, written for tests.
`;

const CHAT = Array.from({ length: 8 }, (_, n) => ({
  messages: [
    { role: 'user', content: `What is ${n} plus ${n}?` },
    { role: 'assistant', content: `${n} plus ${n} is ${n + n}.` },
  ],
}));

export async function seedDemo(hub: TestHub): Promise<void> {
  const rows = problemRows();
  await hub.addRepo({
    type: 'dataset',
    id: DEMO.dataset,
    downloads: 80_000,
    files: {
      'README.md': CARD,
      'solutions/train-00000-of-00001.jsonl': jsonl(rows),
      'solutions_py/train-00000-of-00001.jsonl': jsonl(rows.slice(0, 20)),
      'checker_interactor/train-00000-of-00001.jsonl': jsonl(rows.slice(20, 30)),
    },
  });
  await hub.addRepo({ type: 'dataset', id: DEMO.privateDataset, private: true, files: { 'train.jsonl': jsonl(CHAT) } });
  await hub.addRepo({
    type: 'dataset',
    id: DEMO.gatedDataset,
    gated: 'manual',
    downloads: 900,
    files: { 'train.jsonl': jsonl(CHAT) },
  });
  await hub.addRepo({ type: 'dataset', id: DEMO.emptyDataset });
  await hub.addRepo({
    type: 'dataset',
    id: DEMO.notReadyDataset,
    downloads: 3,
    files: { 'train.jsonl': jsonl(CHAT) },
    viewer: {
      status: 500,
      code: 'ResponseNotReady',
      error: 'The server is busier than usual and the response is not ready yet. Please retry later.',
    },
  });
  for (const id of DEMO.ambiguousDatasets) {
    await hub.addRepo({ type: 'dataset', id, downloads: 250, files: { 'data/train.jsonl': jsonl(CHAT) } });
  }
  await seedDemoModels(hub);
}
