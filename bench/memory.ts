import { allocatedGib, totalGib, trainingMemory } from '../scripts/planner/memory.ts';
import { memoryFor } from '../scripts/planner/search/footprint.ts';

import { cardFor, measuredOn } from './memory/cards.ts';
import { comparedRuns } from './memory/compared.ts';
import { inputOf, isFitted, type OracleRow, readOracle } from './memory/oracle.ts';
import { pictureInput, readPictures } from './memory/pictures.ts';
import presets from './memory/presets.json' with { type: 'json' };
import { type Comparable, knownModel, readPublished, sameShape } from './memory/published.ts';
import { ownSteps } from './memory/reserved.ts';
import { RULES } from './memory/rules.ts';
import { shardedLines } from './memory/sharded.ts';
import { grouped, HEADER, line } from './memory/statistics.ts';
import { varyingLengths } from './memory/varying-lengths.ts';

/**
 * How far the planner's memory estimate is from measured peaks. `npm run bench:memory`. Ends with 1 where a plan that
 * we would call fitting doesn't fit by the measurement, or a preset that is known to fit is refused.
 */
const GIB = 2 ** 30;
let wrong = 0;
const show = (name: string, rows: readonly { error: number }[]): void =>
  console.log(
    line(
      name,
      rows.map(({ error }) => error),
    ),
  );

const oracle = readOracle();
const mode = (row: Pick<OracleRow, 'mode' | 'compute' | 'weights' | 'checkpointing'>): string =>
  `${row.mode}${row.compute === 'fp32' ? ' on a CPU' : row.mode === 'full' && row.weights === 'bf16' ? ' in bf16' : ''}, ${row.checkpointing ? 'checkpointing' : 'no checkpointing'}`;
const recorded = oracle.map((row) => {
  const parts = trainingMemory(inputOf(row, oracle));
  return { row, measured: row.peak / GIB, parts, error: allocatedGib(parts, 0) / (row.peak / GIB) - 1 };
});
for (const [title, kept] of [
  ['Recorded steps, families that were fitted', recorded.filter(({ row }) => isFitted(row))],
  ['Recorded steps, families held out', recorded.filter(({ row }) => !isFitted(row))],
] as const) {
  console.log(`\n${title} (allocated)\n${HEADER}`);
  const supervised = kept.filter(({ row }) => row.method === undefined);
  for (const [name, items] of grouped(supervised, ({ row }) => mode(row))) show(name, items);
  const others = kept.filter(({ row }) => row.method !== undefined);
  for (const [name, items] of grouped(others, ({ row }) => `${row.method}, ${mode(row)}`)) show(name, items);
  for (const [name, items] of grouped(kept, ({ row }) => row.family)) show(name, items);
  show('all', kept);
}
const pictures = readPictures();
const seen = pictures.map((row) => {
  const parts = trainingMemory(pictureInput(row, pictures));
  return { row, measured: row.peak / GIB, parts, error: allocatedGib(parts, 0) / (row.peak / GIB) - 1 };
});
console.log(`\nRecorded steps on pictures: the decoder's layers as fitted, the tower's read off these rows\n${HEADER}`);
for (const [name, items] of grouped(seen, ({ row }) => mode(row))) show(name, items);
for (const [name, items] of grouped(seen, ({ row }) => row.family)) show(name, items);

// By the measurement, with what the allocator and CUDA add: on the smallest card that a plan would take, it must fit.
const counted = [...recorded, ...seen].map(({ row, measured, parts }) => {
  const { family, method = 'sft' } = row;
  return { name: `${family} ${method} ${mode(row)}`, measured, parts };
});
for (const { name, measured, parts } of counted) {
  const taken = measured + parts.framework + parts.fragmentation;
  if (taken > memoryFor(totalGib(parts))) {
    wrong += 1;
    console.log(`FALSE FIT ${name}: ${taken.toFixed(1)} GiB on a card of ${memoryFor(totalGib(parts)).toFixed(1)}`);
  }
}

const own = ownSteps();
console.log(`\nSteps of whole models, taken through the allocator's rules (reserved)\n${HEADER}`);
for (const [name, items] of grouped(own, ({ row }) => row.mode)) show(name, items);
show('all', own);
const least = Math.max(...own.map(({ row, ours }) => row.reserved / GIB - ours));
console.log(`the most that a step reserves beyond what we say: ${least.toFixed(2)} GiB`);

const published = readPublished();
const compared = comparedRuns();
const source = ({ row, counted }: Comparable): string => `${row.framework.split(/[ ,@]/)[0]}, ${row.mode}, ${counted}`;
console.log(`\nPublished, of exact length\n${HEADER}`);
const exact = compared.filter(({ kind }) => kind === 'exact');
for (const [name, items] of grouped(exact, source)) {
  show(name, items);
}
show('all', exact);
const room = (total: number): number => cardFor(total)?.usable_gib ?? Infinity;
const misfits = exact.filter(({ taken, total }) => taken > room(total));
wrong += misfits.length;
console.log(
  `would not have fitted the smallest card there is that a plan would take: ${misfits.length} of ${exact.length}`,
);
for (const { row, taken, total } of misfits)
  console.log(`  FALSE FIT ${row.id}: ${taken.toFixed(1)} GiB on ${cardFor(total)?.name}`);
const doubtful = exact.filter(({ taken_at_most, total }) => taken_at_most > room(total));
console.log(`the same, by the largest that a rounded or unclear figure can be: ${doubtful.length}`);
for (const { row, taken_at_most, total } of doubtful)
  console.log(`  ${row.id}: ${taken_at_most.toFixed(1)} GiB on ${cardFor(total)?.name} of ${room(total)}`);
const tight = exact.filter(({ taken, total }) => taken > memoryFor(total));
console.log(`above a card of no more than the plan asks for, were there one: ${tight.length} of ${exact.length}`);
for (const { row, taken, total } of tight)
  console.log(`  ${row.id}: ${taken.toFixed(1)} GiB of ${memoryFor(total).toFixed(1)}`);
const there = exact.flatMap(({ row, total }) => {
  const card = measuredOn(row.gpu);
  return card ? [{ row, card, fits: memoryFor(total) <= card.usable_gib }] : [];
});
console.log(
  `called too large for the card that they ran on: ${there.filter(({ fits }) => !fits).length} of ${there.length}`,
);
for (const { row, card } of there.filter(({ fits }) => !fits)) console.log(`  ${row.id} on ${card.name}`);
for (const { row, ours } of exact)
  console.log(
    `  ${row.id.padEnd(44)} measured ${row.measured_peak_gib.toFixed(1).padStart(6)}  ours ${ours.toFixed(1).padStart(6)}`,
  );
const capped = compared.filter(({ kind }) => kind === 'at_most');
for (const [title, items] of [
  ['allocated: the estimate has to lie above', capped.filter(({ counted }) => counted === 'allocated')],
  [
    'reserved or unstated: what the allocator kept of batches of many lengths, which it gives back when it must',
    capped.filter(({ counted }) => counted !== 'allocated'),
  ],
] as const) {
  console.log(`\nPublished, at most this long, ${title}\n${HEADER}`);
  for (const [name, rows] of grouped(items, source)) {
    show(name, rows);
  }
  console.log(
    `above the smallest card there is that a plan would take: ${items.filter(({ taken, total }) => taken > room(total)).length} of ${items.length}`,
  );
  for (const { row, ours, error, counted } of items) {
    if (error < 0 && counted === 'allocated')
      console.log(`  below: ${row.id} measured ${row.measured_peak_gib.toFixed(1)}, ours ${ours.toFixed(1)}`);
  }
}
const pairs = varyingLengths(published.map(({ row }) => row));
console.log(
  `\nReserved over many lengths against the longest alone (ms-swift, Qwen's authors; same model, LoRA)\n${HEADER}\n${line(
    'beyond',
    pairs.map(({ reserved, exact }) => reserved.measured_peak_gib / exact.measured_peak_gib - 1),
  )}`,
);
const outside = published.filter((entry) => 'reason' in entry);
console.log(`\nPublished, not comparable: ${outside.length}`);
for (const [reason, items] of grouped(outside, ({ reason }) => reason))
  console.log(`  ${String(items.length).padStart(4)}  ${reason}`);

for (const text of shardedLines()) console.log(text);

console.log(`\nPresets known to fit ${presets.usable_gib} GiB`);
for (const preset of presets.presets) {
  const facts = knownModel(preset.model);
  if (!facts) throw new Error(preset.model);
  const total = totalGib(
    trainingMemory({
      facts,
      mode: preset.mode as 'full' | 'lora',
      weight_bytes: 2,
      lora_rank: 32,
      per_device_train_batch_size: 1,
      max_length: preset.length,
      gradient_accumulation_steps: preset.accumulation,
      padded: false,
    }),
  );
  const fits = total <= presets.usable_gib;
  if (!fits) wrong += 1;
  console.log(
    `  ${preset.model.padEnd(32)} ${preset.mode.padEnd(5)} ${String(preset.length).padStart(6)} tokens: ${total.toFixed(1)} GiB${fits ? '' : '  REFUSED'}${memoryFor(total) > presets.usable_gib ? '  above the fill' : ''}`,
  );
}

const steps = recorded.map(({ row, measured, error }) => ({
  family: row.family,
  layers: row.config.num_hidden_layers,
  mode: row.mode,
  weights: row.weights,
  parameters: inputOf(row, oracle).facts.parameters,
  measured,
  error,
}));
const runs = exact.map(({ row, input, error }) => ({
  family: sameShape(row.model),
  layers: input.facts.layers,
  mode: row.mode,
  weights: 'bf16' as const,
  parameters: input.facts.parameters,
  measured: row.measured_peak_gib,
  error,
}));
for (const [title, items] of [
  ['recorded steps, of few layers', steps],
  ['published runs of exact length', runs],
] as const) {
  console.log(`\nThe same ${title}, by other rules\n${HEADER}`);
  for (const [mode, own] of grouped(items, ({ mode }) => mode)) {
    for (const [name, rule] of Object.entries(RULES)) {
      const errors = own.flatMap((item) => {
        const bytes = rule(item);
        return bytes === null ? [] : [bytes / GIB / item.measured - 1];
      });
      console.log(errors.length > 0 ? line(`${mode}, ${name}`, errors) : `${mode}, ${name}`.padEnd(50).concat('  N/A'));
    }
    show(`${mode}, ours`, own);
  }
}
process.exitCode = wrong > 0 ? 1 : 0;
