import { build } from 'esbuild';
import type { Pack } from '../pack.ts';
import { json } from '../render.ts';
import type { Files } from '../tree.ts';

/** Not `hooks/hooks.json`: Gemini CLI would load that too. */
const HOOKS = '.claude-plugin/hooks.json';
const HOOK = '.claude-plugin/ask-first.mjs';

/** Claude Code: one plugin whose source is the whole repository, in a marketplace of its own. */
export async function claude(root: string, pack: Pack): Promise<Files> {
  const { name, version, description, license, author, keywords } = pack;
  return new Map([
    [
      '.claude-plugin/plugin.json',
      json({ name, version, description, author: { name: author }, license, keywords, hooks: `./${HOOKS}` }),
    ],
    [
      '.claude-plugin/marketplace.json',
      json({
        name: pack.marketplace,
        owner: { name: author },
        metadata: { description },
        plugins: [{ name, source: './', description, category: pack.category }],
      }),
    ],
    [
      HOOKS,
      json({
        description: 'Asks the person before a command that spends money or ends a run.',
        hooks: {
          PreToolUse: [
            {
              matcher: 'Bash|PowerShell|Monitor',
              // biome-ignore lint/suspicious/noTemplateCurlyInString: Claude Code expands it
              hooks: [{ type: 'command', command: `node "${'${CLAUDE_PLUGIN_ROOT}'}/${HOOK}"`, timeout: 10 }],
            },
          ],
        },
      }),
    ],
    [HOOK, await bundleHook(root)],
  ]);
}

async function bundleHook(root: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['build/guard/claude-hook.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    charset: 'utf8',
    write: false,
    banner: { js: '// Generated from build/guard by `npm run build`; do not edit.' },
  });
  return outputFiles[0]?.text ?? '';
}
