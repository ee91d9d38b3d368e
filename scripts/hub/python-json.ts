const NAN = '\0NaN';
/** A string, or one of the three words where a value stands. */
const STRING_OR_WORD = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\w.+-])(?:NaN|-?Infinity)(?!\w)/g;

/**
 * JSON as Python's `json` writes it: `NaN`, `Infinity` and `-Infinity` are numbers, too (Mamba2's and Nemotron-H's
 * `time_step_limit` ends in one). Throws SyntaxError.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(STRING_OR_WORD, (found) => STANDS_FOR[found] ?? found);
    if (plain === text) throw error;
    return JSON.parse(plain, (_, value) => (value === NAN ? Number.NaN : value));
  }
}

/** 1e999 is too large for a double, and is read as infinity. */
const STANDS_FOR: Readonly<Record<string, string>> = {
  NaN: JSON.stringify(NAN),
  Infinity: '1e999',
  '-Infinity': '-1e999',
};
