import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Bundle, bundleRuntime } from './bundle.ts';
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
    [`${skill}/references/hardware_guide.md`, hardwareGuide(root)],
    [`${skill}/scripts/${pack.name}.mjs`, code],
    // The skill's folder is copied without the rest, and the licences have to go along.
    [`${skill}/scripts/NOTICE`, licences],
    ['NOTICE', licences],
  ]);
}

const Flavors = z.object({
  source: z.string(),
  as_of: z.string(),
  flavors: z.array(
    z.object({
      name: z.string(),
      accelerator: z.string().nullable(),
      accelerators: z.number(),
      gpu_memory_gib: z.number().nullable(),
      cpus: z.number(),
      ram_gib: z.number(),
      disk_gib: z.number().nullable(),
      usd_per_hour: z.number(),
    }),
  ),
});

function hardwareGuide(root: string): string {
  const data = Flavors.parse(JSON.parse(readFileSync(join(root, 'scripts/planner/flavors.json'), 'utf8')));
  return render(root, 'hardware_guide.md.hbs', data);
}
