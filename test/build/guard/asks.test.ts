import { describe, expect, it } from 'vitest';
import { guardedCommandIn } from '../../../build/guard/asks.ts';

const ASKS: [commandLine: string, command: string][] = [
  ['hf-llm-trainer submit plan.json --approve 12ab', 'submit'],
  ['hf-llm-trainer cancel 4f2a', 'cancel'],
  ['hf-llm-trainer --json submit plan.json', 'submit'],
  ['node scripts/hf-llm-trainer.mjs submit plan.json --approve 12ab', 'submit'],
  ['node "/home/a b/.claude/skills/hf-llm-trainer/scripts/hf-llm-trainer.mjs" submit plan.json', 'submit'],
  ["'/usr/bin/node' '/opt/x/hf-llm-trainer.mjs' 'cancel' job", 'cancel'],
  ['/opt/skills/hf-llm-trainer/scripts/hf-llm-trainer.mjs submit plan.json', 'submit'],
  ['HF_TOKEN=x HF_ENDPOINT=http://localhost:1 node ./hf-llm-trainer.mjs submit plan.json', 'submit'],
  ['env -u HF_HOME node ./hf-llm-trainer.mjs submit plan.json', 'submit'],
  ['npx hf-llm-trainer submit plan.json', 'submit'],
  ['npx --yes hf-llm-trainer@0.1.0 submit plan.json', 'submit'],
  ['npx -p hf-llm-trainer hf-llm-trainer submit plan.json', 'submit'],
  ['npm exec hf-llm-trainer -- cancel 4f2a', 'cancel'],
  ['hf llm-trainer submit plan.json', 'submit'],
  ['sudo -E timeout 60 nohup node --no-warnings x/hf-llm-trainer.mjs submit plan.json &', 'submit'],
  ['cd skills/hf-llm-trainer && node scripts/hf-llm-trainer.mjs submit plan.json', 'submit'],
  ['hf-llm-trainer validate d && hf-llm-trainer plan --out p.json;hf-llm-trainer submit p.json|tee log', 'submit'],
  ['hf-llm-trainer status\nhf-llm-trainer cancel 4f2a', 'cancel'],
  ['node hf-llm-trainer.mjs \\\n  submit plan.json \\\n  --approve 12ab', 'submit'],
  ['node hf-llm-trainer.mjs 2>/dev/null submit plan.json', 'submit'],
  ['node hf-llm-trainer.mjs >log.txt 2>&1 submit plan.json', 'submit'],
  ['if true; then node hf-llm-trainer.mjs submit plan.json; fi', 'submit'],
  ['{ hf-llm-trainer submit plan.json; }', 'submit'],
  ['(hf-llm-trainer submit plan.json)', 'submit'],
  ['id=$(node hf-llm-trainer.mjs submit plan.json --json)', 'submit'],
  ['echo "started $(node hf-llm-trainer.mjs submit plan.json)"', 'submit'],
  ['echo `hf-llm-trainer cancel 4f2a`', 'cancel'],
  ['diff <(hf-llm-trainer submit plan.json) old', 'submit'],
  ['bash -c "node hf-llm-trainer.mjs submit plan.json"', 'submit'],
  ["sh -lc 'cd x; hf-llm-trainer submit plan.json'", 'submit'],
  ['eval "hf-llm-trainer submit plan.json"', 'submit'],
  ['echo hf-llm-trainer "hf-llm-trainer submit plan.json" | sh', 'submit'],
  ['bash <<EOF\nhf-llm-trainer submit plan.json\nEOF', 'submit'],
  ['cat <<EOF | bash\nhf-llm-trainer submit plan.json\nEOF', 'submit'],
  ['echo plan.json | xargs node hf-llm-trainer.mjs submit', 'submit'],
  ['find . -name "*.json" -exec hf-llm-trainer submit {} \\;', 'submit'],
  ['T=skills/hf-llm-trainer/scripts/hf-llm-trainer.mjs; node $T submit plan.json', 'submit'],
  ['node "$TRAINER" submit plan.json --approve 12ab', 'submit'],
  ['node "$' + '{CLAUDE_SKILL_DIR}/scripts/hf-llm-trainer.mjs" submit plan.json', 'submit'],
  ['node skills/*/scripts/*.mjs submit plan.json', 'submit'],
  ["node -e \"require('child_process').spawnSync('hf-llm-trainer.mjs', ['submit', 'plan.json'])\"", 'submit'],
  ['python3 - <<EOF\nimport subprocess\nsubprocess.run(["hf-llm-trainer", "submit", "p"])\nEOF', 'submit'],
  ['node C:\\Users\\me\\skills\\hf-llm-trainer\\scripts\\hf-llm-trainer.mjs submit plan.json', 'submit'],
  ['& "C:\\Program Files\\nodejs\\node.exe" .\\hf-llm-trainer.mjs cancel 4f2a', 'cancel'],
  ['hf-llm-trainer.cmd submit plan.json', 'submit'],
];

const SILENT: string[] = [
  '',
  'ls',
  'hf-llm-trainer doctor',
  'hf-llm-trainer status --watch',
  'node scripts/hf-llm-trainer.mjs validate submit',
  'hf-llm-trainer plan --model m --dataset d --output-repo me/submit --out submit.json',
  'hf-llm-trainer logs cancel',
  'hf-llm-trainer --help',
  'hf-llm-trainer plan --out p.json # then hf-llm-trainer submit p.json',
  'npx hf-llm-trainer ps; git submit',
  'hf-llm-trainer status; echo submit',
  'scancel 12; hf-llm-trainer status',
  'kubectl cancel x',
  'node other.mjs submit',
  'gh run cancel 12',
  'grep -rn submit skills/hf-llm-trainer',
  'grep -n hf-llm-trainer submit README.md',
  'ls skills/hf-llm-trainer cancel',
  'echo "next: hf-llm-trainer submit plan.json"',
  "printf '%s\\n' 'hf-llm-trainer cancel job'",
  'git commit -m "hf-llm-trainer submit asks first"',
  'git commit -m "$(date): hf-llm-trainer submit asks first"',
  'cat > notes.md <<EOF\nhf-llm-trainer submit plan.json\nEOF\nls',
  "cat <<'EOF' > notes.md\nrun `hf-llm-trainer cancel x`\nEOF",
  '$EDITOR submit',
  'bash -c "hf-llm-trainer status && echo cancel"',
  'python3 train.py submit',
  'node -e "console.log(\'submit\')"',
  '"unclosed hf-llm-trainer submit',
  'echo $((1 + 2))',
];

describe('guardedCommandIn', () => {
  it.each(ASKS)('asks for %s', (commandLine, command) => {
    expect(guardedCommandIn(commandLine)?.command).toBe(command);
  });

  it.each(SILENT)('is silent on %s', (commandLine) => {
    expect(guardedCommandIn(commandLine)).toBeNull();
  });
});
