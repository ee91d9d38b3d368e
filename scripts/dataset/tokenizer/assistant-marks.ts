import { sha256 } from '../../plan/digest.ts';
import known from './training-templates.json' with { type: 'json' };

/** As TRL's `has_generation_markers` has it. */
const MARKS = /\{%-?\s*generation\s*-?%\}/;

/** Whether TRL can tell what the assistant says: by marks in the template, or in its own copy of one that it knows. */
export const marksAnswers = (template: string): boolean =>
  MARKS.test(template) || Object.values(known.templates).includes(sha256(template.replaceAll('\r\n', '\n')));
