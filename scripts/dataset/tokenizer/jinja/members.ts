import {
  callable,
  type DictValue,
  dict,
  isInteger,
  isText,
  keyValue,
  list,
  missing,
  NONE,
  NotSupported,
  TemplateRaises,
  UNDEFINED,
  type Value,
} from './values.ts';

/** Methods of a dict, which Jinja2 prefers to a key of that name after a dot, and falls back to in brackets. */
const DICT_METHODS: Readonly<Record<string, (dict: DictValue) => Value>> = {
  get: (self) =>
    callable(([key, fallback = NONE]) => {
      if (!key || !(isText(key) || isInteger(key))) throw new NotSupported('get by something else than text');
      return self.value.get(key.value) ?? fallback;
    }),
  items: (self) => callable(() => list([...self.value].map(([key, item]) => list([keyValue(key), item])))),
  keys: (self) => callable(() => list([...self.value.keys()].map(keyValue))),
  values: (self) => callable(() => list([...self.value.values()])),
  copy: (self) => callable(() => dict(new Map(self.value))),
};
/** Methods that change what they belong to; the sandbox refuses them. */
const CHANGING = ['pop', 'popitem', 'update', 'setdefault', 'clear', 'append', 'extend', 'insert', 'remove', 'sort'];

/** `dict.key` and `dict[key]`. */
export function dictMember(self: DictValue, key: Value, dotted: boolean): Value {
  if (isInteger(key)) return self.value.get(key.value) ?? missing(`dict object has no element ${key.value}`);
  if (!isText(key)) return UNDEFINED;
  const method = Object.hasOwn(DICT_METHODS, key.value) ? DICT_METHODS[key.value] : undefined;
  const own = self.value.get(key.value);
  if (own && !(dotted && (method || CHANGING.includes(key.value)))) return own;
  return method?.(self) ?? memberOfChange(key.value, 'dict');
}

/** `list.name`. */
export function listMember(name: string): Value {
  if (name === 'index' || name === 'count' || name === 'copy') throw new NotSupported(`the method ${name} of a list`);
  return memberOfChange(name, 'list');
}

function memberOfChange(name: string, of: string): Value {
  if (!CHANGING.includes(name)) return missing(`'${of} object' has no attribute '${name}'`);
  return callable(() => {
    throw new TemplateRaises(`access to attribute '${name}' of '${of}' object is unsafe.`);
  });
}
