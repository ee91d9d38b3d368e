import { READ_BY } from '../dataset/used-columns.ts';
import type { Mapping } from '../plan/mapping.ts';
import { isOnline, type Planned } from '../plan/methods.ts';
import { nearest } from '../planner/overrides/nearest.ts';
import { preview } from '../printable.ts';

/**
 * Of a mapping that was given: the columns that no trainer of these methods reads,
 * what was likely meant, and what there is. Null where there are none. Rewards may read any column: then only one that
 * is near to another counts, as where they do train: `onlyNear`.
 */
export function unknownTargets(
  mapping: Mapping | null,
  methods: readonly Planned[],
  onlyNear = methods.some(isOnline),
): string | null {
  if (methods.length === 0) return null;
  const read = new Set(methods.flatMap((method) => READ_BY[method]));
  const unknown = (mapping?.columns ?? [])
    .filter(({ to }) => !read.has(to))
    .map(({ to }) => ({ to, near: nearest(to, read) }))
    .filter(({ near }) => near.length > 0 || !onlyNear);
  if (unknown.length === 0) return null;
  const names = unknown.map(({ to, near }) => {
    const meant = near.length > 0 ? ` (near: ${near.join(', ')})` : '';
    return `${preview(to, 40)}${meant}`;
  });
  const [one, ...others] = methods;
  const who = one !== undefined && others.length === 0 ? one.toUpperCase() : 'a trainer';
  const more = methods.some(isOnline) ? ', and what rewards compare with' : '';
  return `--map names ${names.join(' and ')}, which ${who} does not read; it reads ${[...read].join(', ')}${more}`;
}
