/** A flavor of the catalogue that can't be planned with. */
export interface LeftOut {
  /** null where the entry has no name that can be shown. */
  name: string | null;
  why: string;
}

/** Flavors named in one line. */
const FEW = 6;

/** A line for each reason, with the flavors that have it. */
export function leftOutNotes(leftOut: readonly LeftOut[]): string[] {
  const reasons = [...new Set(leftOut.map(({ why }) => why))];
  return reasons.map((why) => {
    const same = leftOut.filter((other) => other.why === why);
    return `${named(same)} left out: ${why}`;
  });
}

function named(same: readonly LeftOut[]): string {
  const names = same.flatMap(({ name }) => name ?? []);
  const nameless = same.length - names.length;
  if (names.length === 0)
    return nameless === 1 ? 'A flavor without a name is' : `${nameless} flavors without a name are`;
  const more = same.length - Math.min(names.length, FEW);
  const rest = more > 0 ? ` and ${more} more` : '';
  return `${same.length === 1 ? 'Flavor' : 'Flavors'} ${names.slice(0, FEW).join(', ')}${rest} ${same.length === 1 ? 'is' : 'are'}`;
}
