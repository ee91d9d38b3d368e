import { isRecord, type Row } from '../dataset/rows.ts';
import { ChatTemplate } from '../dataset/tokenizer/chat-template.ts';
import type { ModelText } from '../dataset/tokenizer/model-text.ts';
import { answerTokens } from './recipe/lengths.ts';
import { methodRecipe } from './recipe/method-recipe.ts';
import type { Workload } from './workload.ts';

/** Tokens in which a thought and an answer usually fit. */
const ENOUGH = 2048;
/** How chat templates open a thought: <think>, [THINK], <|begin_of_thought|>, gpt-oss's channel. */
const OPENS =
  /<(seed:)?think(ing)?>|\[THINK\]|<\|channel\|?>(analysis|thought)|<\|(begin_of_)?(think(ing)?|thought)\|>/i;
const CLOSED = /<\/(seed:)?think(ing)?>\s*$/;
const QUESTION = [{ role: 'user', content: '1 + 1?' }];
const OFF = { enable_thinking: false };

/** For the card, where the model answers prompts and thinks first: a short answer is cut before it says anything. */
export function thinkingDoubt(work: Workload, model: ModelText | { why: string } | undefined): string[] {
  const answers = answerTokens(work);
  if (methodRecipe(work.method).generation === null || !work.report.conversational || answers >= ENOUGH) return [];
  const template = model && 'templates' in model ? model.templates.templates?.default : undefined;
  if (!template || !OPENS.test(template.source)) return [];
  const asked = work.request.set?.chat_template_kwargs;
  const prompt = (extra: Row): string => {
    const made = new ChatTemplate(template).render(QUESTION, { add_generation_prompt: true, extra });
    return 'text' in made ? made.text : '';
  };
  const given = prompt(isRecord(asked) ? asked : {});
  const switchable = template.source.includes('enable_thinking');
  if (CLOSED.test(given) || (switchable && given === prompt(OFF))) return [];
  const without = switchable ? `, or without thoughts: --set chat_template_kwargs='${JSON.stringify(OFF)}'` : '';
  return [
    `this model may think before it answers, and is cut after ${answers} tokens: an answer that isn't reached earns no reward. Longer: --set max_completion_length=${ENOUGH}${without}`,
  ];
}
