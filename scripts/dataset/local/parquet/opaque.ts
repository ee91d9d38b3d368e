import type { SchemaTree } from 'hyparquet';

const encoder = new TextEncoder();
/** Milliseconds in a unit of time of day. */
const MILLISECONDS: Readonly<Record<string, number>> = { MILLIS: 1, MICROS: 1e-3, NANOS: 1e-6 };

/**
 * What stands for values that are numbers to hyparquet but neither text nor numbers to Python, where a mapping makes
 * nothing of them: decimals as bytes, times of day as dates. Null for other columns.
 */
export function opaque({ converted_type, logical_type }: SchemaTree['element']): ((value: unknown) => unknown) | null {
  if (logical_type?.type === 'DECIMAL' || converted_type === 'DECIMAL') return (value) => encoder.encode(String(value));
  const unit =
    logical_type?.type === 'TIME' ? logical_type.unit : /^TIME_(MILLIS|MICROS)$/.exec(converted_type ?? '')?.[1];
  const factor = MILLISECONDS[unit ?? ''];
  return factor === undefined ? null : (value) => new Date(Number(value) * factor);
}
