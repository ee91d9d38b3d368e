import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fitAll } from './fit.ts';

/** Fits what a decoder layer holds to the recorded steps. `npx tsx bench/memory/write-coefficients.ts` */
const SOURCE =
  'bench/memory/fit.ts: bytes an element of what a decoder layer holds, fitted to the families of bench/memory/oracle.jsonl ' +
  'that bench/memory/oracle.ts names; computed in 16 bits by autocast, `full` over fp32 weights';

writeFileSync(
  fileURLToPath(new URL('../../scripts/planner/memory/coefficients.json', import.meta.url)),
  `${JSON.stringify({ source: SOURCE, fitted: fitAll() }, null, 2)}\n`,
);
