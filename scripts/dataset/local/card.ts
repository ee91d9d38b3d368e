import matter from 'gray-matter';
import { errorMessage } from '../../errors.ts';
import { preview } from '../../printable.ts';
import { badCard } from '../layout/errors.ts';
import { isRecord } from '../rows.ts';

/** As `huggingface_hub` finds it (repocard.py, REGEX_YAML_BLOCK). */
const BLOCK = /^\s*---(?:\r\n|\r|\n)([\S\s]*?)(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|$)/;

/** The metadata at the top of a README.md; null where there is none. Throws TrainerError `data` where it is no YAML. */
export function cardOf(readme: string): unknown {
  const block = BLOCK.exec(readme)?.[1];
  if (block === undefined) return null;
  const card = parsed(block);
  if (card === null || isRecord(card)) return card;
  throw badCard('what is at the top of its README.md is no list of names and values');
}

function parsed(yaml: string): unknown {
  try {
    // Only ever YAML: gray-matter would run what calls itself JavaScript.
    return matter(`---\n${yaml}\n---\n`, { language: 'yaml', engines: { javascript: refuse, js: refuse } }).data;
  } catch (error) {
    throw badCard(`the top of its README.md is not YAML: ${preview(errorMessage(error), 120)}`);
  }
}

const refuse = (): never => {
  throw new Error('code is not read');
};
