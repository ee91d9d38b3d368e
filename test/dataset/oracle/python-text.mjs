import { readFile } from 'node:fs/promises';
import { register } from 'node:module';

/** `import text from './file.py'`, as the bundler has it: `node --import` of this file. */
export async function load(url, context, next) {
  if (!url.endsWith('.py')) return next(url, context);
  const text = await readFile(new URL(url), 'utf8');
  return { format: 'module', shortCircuit: true, source: `export default ${JSON.stringify(text)};` };
}

// Imported again by the thread of the hooks, which has none to register.
if (!new URL(import.meta.url).searchParams.has('hooks')) register(`${import.meta.url}?hooks`);
