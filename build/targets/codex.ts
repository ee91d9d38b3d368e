import { EXECUTABLE, GUARDED } from '../guard/guarded.ts';
import type { Pack } from '../pack.ts';
import { json, render } from '../render.ts';
import type { Files } from '../tree.ts';

/**
 * Codex: reads AGENTS.md in a clone, the plugin by its own manifest in Claude's marketplace, and rules from
 * `.codex/rules` (a trusted clone's or the person's own). A rule matches words exactly, so each place where the
 * script may lie is named.
 */
export function codex(root: string, pack: Pack): Files {
  const { name, marketplace, version, description, license, author, keywords } = pack;
  const script = `${name}/scripts/${EXECUTABLE}.mjs`;
  const scripts = [
    `scripts/${EXECUTABLE}.mjs`,
    `./scripts/${EXECUTABLE}.mjs`,
    `skills/${script}`,
    `./skills/${script}`,
    `.agents/skills/${script}`,
    `@HOME@/.agents/skills/${script}`,
    `@HOME@/.codex/skills/${script}`,
    `@HOME@/.codex/plugins/cache/${marketplace}/${name}/${version}/skills/${script}`,
  ];
  return new Map([
    [
      // Without it Codex takes Claude Code's manifest, and with that a hook whose "ask" it doesn't know.
      '.codex-plugin/plugin.json',
      json({
        name,
        version,
        description,
        author: { name: author },
        license,
        keywords,
        skills: './skills/',
        interface: {
          displayName: pack.displayName,
          shortDescription: description,
          category: pack.category,
          defaultPrompt: ['Fine-tune a small model on my data', 'Check if my dataset works for training'],
        },
      }),
    ],
    ['AGENTS.md', render(root, 'AGENTS.md.hbs', { pack })],
    [
      `.codex/rules/${name}.rules`,
      render(root, 'codex.rules.hbs', {
        executable: EXECUTABLE,
        scripts,
        guarded: GUARDED,
        example: scripts[0],
      }),
    ],
  ]);
}
