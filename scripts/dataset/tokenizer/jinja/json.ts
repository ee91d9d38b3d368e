import { isDict, isInteger, isList, isNone, isNumber, isText, TemplateRaises, typeName, type Value } from './values.ts';

/** Arguments of the filter `tojson`, which transformers makes of Python's `json.dumps`. */
export interface JsonStyle {
  indent: number | null;
  ensureAscii: boolean;
  separators: [item: string, key: string] | null;
  sortKeys: boolean;
}

export const PLAIN_JSON: JsonStyle = { indent: null, ensureAscii: false, separators: null, sortKeys: false };

/** `json.dumps(value, ...)`. Throws TemplateRaises where Python raises TypeError. */
export function pythonJson(value: Value, style: JsonStyle, depth = 0): string {
  if (isText(value)) return quoted(value.value, style);
  if (isNone(value)) return 'null';
  if (isInteger(value)) return BigInt(value.value).toString();
  if (isNumber(value)) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  if (value.type === 'BooleanValue') return value.value ? 'true' : 'false';
  const [comma, colon] = style.separators ?? [style.indent === null ? ', ' : ',', ': '];
  const inner = (item: Value): string => pythonJson(item, style, depth + 1);
  if (isList(value) && !value.lazy) return wrapped('[]', value.value.map(inner), comma, style, depth);
  if (isDict(value)) {
    const entries = [...value.value].map(([key, item]) => [String(key), item] as const);
    if (style.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const pairs = entries.map(([key, item]) => `${quoted(key, style)}${colon}${inner(item)}`);
    return wrapped('{}', pairs, comma, style, depth);
  }
  throw new TemplateRaises(`Object of type ${typeName(value)} is not JSON serializable`);
}

function wrapped(ends: string, parts: string[], comma: string, { indent }: JsonStyle, depth: number): string {
  const [open, close] = ends;
  if (indent === null || parts.length === 0) return `${open}${parts.join(comma)}${close}`;
  const line = `\n${' '.repeat(indent * (depth + 1))}`;
  return `${open}${line}${parts.join(comma + line)}\n${' '.repeat(indent * depth)}${close}`;
}

/** JSON.stringify escapes what json.dumps does, in text without lone surrogates. */
function quoted(value: string, { ensureAscii }: JsonStyle): string {
  const plain = JSON.stringify(value);
  if (!ensureAscii) return plain;
  return plain.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
