import type { MethodReport } from '../dataset/report.ts';
import { marksAnswers } from '../dataset/tokenizer/assistant-marks.ts';
import type { ModelText } from '../dataset/tokenizer/model-text.ts';
import { TrainerError } from '../errors.ts';
import type { Request } from '../plan/request.ts';

/**
 * `assistant_only_loss` goes by marks in the chat template, or by TRL's own copy of a template that has none: it knows
 * some word for word. Throws TrainerError `usage` for any other. With pictures, the processor's template counts, which
 * isn't read here.
 */
export function checkMarks(
  model: ModelText | { why: string } | undefined,
  report: MethodReport,
  { set }: Pick<Request, 'set'>,
): void {
  if (set?.assistant_only_loss !== true || report.vision || !model || !('templates' in model)) return;
  const source = model.templates.templates?.default?.source;
  if (source === undefined || marksAnswers(source)) return;
  throw new TrainerError(
    'usage',
    'template_without_marks',
    `--set assistant_only_loss=true: the chat template of ${model.templates.model} doesn't mark what the assistant says, and TRL knows no marked copy of it`,
    'Leave it out, or map the last answer to a completion: of that alone is learned.',
  );
}
