import type { DatasetReport } from '../dataset/report.ts';
import { isRenaming } from '../plan/mapping.ts';
import type { Method } from '../plan/methods.ts';
import { printable } from '../printable.ts';
import { style } from './style.ts';

/** What a proposed mapping does, as the Python that training would run; nothing where the columns only change names. */
export function mappingLines({ methods }: DatasetReport, asked: Method | null): string[] {
  const report = asked === null ? undefined : methods[asked];
  if (report?.verdict !== 'NEEDS_MAPPING' || !report.mapping || !report.mapping_python) return [];
  if (isRenaming(report.mapping)) return [];
  const which = report.other_mappings ? 'The first of these mappings' : 'The mapping';
  const code = report.mapping_python.trimEnd().split('\n');
  return [
    `${which} in Python, as training runs it:`,
    ...code.map((line) => style.dim(`  | ${printable(line)}`.trimEnd())),
  ];
}
