import { Environment } from '@huggingface/jinja';
import { setVariable } from './engine.ts';
import { strftime } from './strftime.ts';
import { callable, integer, isInteger, list, TemplateRaises, typeName, type Value } from './values.ts';

/** What every template sees. `now`: what `strftime_now` tells, milliseconds of the epoch. */
export function globals(now: number): Environment {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ true: true, false: false, none: null })) {
    environment.set(name, value);
    environment.set(`${name[0]?.toUpperCase()}${name.slice(1)}`, value);
  }
  setVariable(environment, 'range', callable(range));
  environment.set('raise_exception', (message: unknown) => {
    throw new TemplateRaises(String(message));
  });
  environment.set('strftime_now', (format: string) => strftime(new Date(now), format));
  return environment;
}

/** Jinja2's sandbox allows no more. */
const MAX_RANGE = 100_000;

function range(args: Value[]): Value {
  const numbers = args.map((each) => {
    if (!isInteger(each)) throw new TemplateRaises(`'${typeName(each)}' object cannot be interpreted as an integer`);
    return each.value;
  });
  const [first = 0, second, step = 1] = numbers;
  const [from, to] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new TemplateRaises('range() arg 3 must not be zero');
  if (Math.ceil((to - from) / step) > MAX_RANGE) {
    throw new TemplateRaises(`Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`);
  }
  const items: Value[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) items.push(integer(at));
  return list(items);
}
