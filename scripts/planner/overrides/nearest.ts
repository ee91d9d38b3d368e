/** Names at most. */
const FEW = 5;

/**
 * The names that a mistyped one likely means, nearest first: those within a third of its letters (Levenshtein's
 * distance), and those that hold it as whole words, as `lora_r` holds `r`.
 */
export function nearest(name: string, names: Iterable<string>): string[] {
  const ranked = [...names].map((other) => ({ other, letters: distance(name, other) }));
  return ranked
    .filter(({ other, letters }) => letters <= name.length / 3 || `_${other}_`.includes(`_${name}_`))
    .sort((a, b) => a.letters - b.letters)
    .slice(0, FEW)
    .map(({ other }) => other);
}

/** Letters to insert, drop or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [at, other] of [...to].entries()) {
      next.push(Math.min((next[at] ?? 0) + 1, (row[at + 1] ?? 0) + 1, (row[at] ?? 0) + Number(letter !== other)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
