import { type Bundle, bundleRuntime } from './bundle.ts';
import { hardwareGuide } from './hardware-guide.ts';
import { methodGuide } from './method-guide.ts';
import { notice } from './notice.ts';
import type { Pack } from './pack.ts';
import { render } from './render.ts';
import { claude } from './targets/claude.ts';
import { codex } from './targets/codex.ts';
import { gemini } from './targets/gemini.ts';
import type { Files } from './tree.ts';

/** Folders that hold generated files only: anything else in them is left over from an earlier build. */
export const ownedFolders = (pack: Pack): string[] => [
  '.claude-plugin',
  '.codex',
  '.codex-plugin',
  'policies',
  `skills/${pack.name}/scripts`,
];

/** Every file that the build makes. The same sources give the same bytes. */
export async function generate(root: string, pack: Pack, bundle?: Bundle): Promise<Files> {
  const { code, libraryFiles } = bundle ?? (await bundleRuntime(root, pack));
  const licences = notice(root, pack, libraryFiles);
  const skill = `skills/${pack.name}`;
  return new Map([
    ...(await claude(root, pack)),
    ...codex(root, pack),
    ...gemini(root, pack),
    [`${skill}/references/hardware_guide.md`, render(root, 'hardware_guide.md.hbs', hardwareGuide())],
    [`${skill}/references/training_methods.md`, render(root, 'training_methods.md.hbs', methodGuide())],
    [`${skill}/scripts/${pack.name}.mjs`, code],
    // The skill's folder is copied without the rest, and the licences have to go along.
    [`${skill}/scripts/NOTICE`, licences],
    ['NOTICE', licences],
  ]);
}
