import type { Finding } from '../plan/schema.ts';
import type { Shape } from './methods/method.ts';

/** The stage of a finding, seen together with the others and with where the first row is. */
export function inOrder({ format }: Shape): (finding: Finding, index: number, all: readonly Finding[]) => Finding {
  return (finding, _, all) => {
    const { stage, error, ...rest } = finding;
    const first = finding.rows[0] === 0;
    const chat = format === 'language-modeling';
    if (first && finding.code === 'broken_picture') return { ...finding, stage: 'init' };
    if (finding.code === 'empty_list' && stage === 'map') {
      // Of several columns TRL looks into any one, another in each process.
      return !chat ? rest : first ? { ...finding, stage: 'init' } : finding;
    }
    if (first && finding.code === 'no_shared_prompt') return rest;
    // By a first row without messages TRL takes the rows for text.
    if (first && chat && finding.code === 'null_value') return rest;
    // KTO counts the labels when the rows are prepared: it doesn't come to that where they stop it.
    return stage === 'init' && all.some((each) => each.stage === 'map')
      ? { ...rest, ...(error ? { error } : {}) }
      : finding;
  };
}
