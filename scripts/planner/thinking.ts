import { isRecord, type Row } from '../dataset/rows.ts';
import { ChatTemplate, type TemplateSource } from '../dataset/tokenizer/chat-template.ts';
import type { ModelText } from '../dataset/tokenizer/model-text.ts';
import { answerTokens } from './recipe/lengths.ts';
import { methodRecipe } from './recipe/method-recipe.ts';
import type { Workload } from './workload.ts';

/** Tokens in which a thought and an answer usually fit. */
const ENOUGH = 2048;
/** How chat templates open a thought: <think>, [THINK], <|begin_of_thought|>, the channels of gpt-oss and Gemma 4, Cohere's and Kimi's. */
const MARK =
  /<(\w+:)?think(ing)?(:\w+)?>|\[THINK\]|<\|channel\|?>(analysis|thought)|<\|(begin_of_)?(think(ing)?|thought)\|>|<\|START_THINKING\|>|<\|open\|>think<\|sep\|>/i;
const OPENED = new RegExp(`(${MARK.source})\\s*$`, 'i');
/** And how they close one that is empty. */
const CLOSED = /(<\/(\w+:)?think(ing)?(:\w+)?>|\[\/THINK\]|<channel\|>|<\|END_THINKING\|>)\s*$/i;
/** Their variables that say whether the model is to think. */
const SWITCHES = ['enable_thinking', 'thinking', 'reasoning'];
const QUESTION = [{ role: 'user', content: '1 + 1?' }];

/** For the card, where the model answers prompts and thinks first: a short answer is cut before it says anything. */
export function thinkingDoubt(work: Workload, model: ModelText | { why: string } | undefined): string[] {
  const answers = answerTokens(work);
  if (methodRecipe(work.method).generation === null || !work.report.conversational || answers >= ENOUGH) return [];
  const template = model && 'templates' in model ? model.templates.templates?.default : undefined;
  const asked = work.request.set?.chat_template_kwargs;
  const thinks = template && mayThink(template, isRecord(asked) ? asked : {});
  if (!thinks) return [];
  const without = thinks.off ? `, or without thoughts: --set chat_template_kwargs='${JSON.stringify(thinks.off)}'` : '';
  return [
    `this model may think before it answers, and is cut after ${answers} tokens: an answer that isn't reached earns no reward. Longer: --set max_completion_length=${ENOUGH}${without}`,
  ];
}

/**
 * Whether the prompts of these arguments lead to a thought, and the arguments that keep the model from it. One that is
 * neither opened nor closed is the model's own choice: where no variable switches it, the template's marks tell that it
 * knows how.
 */
function mayThink(template: TemplateSource, asked: Row): { off: Row | null } | null {
  const made = new ChatTemplate(template);
  const prompt = (extra: Row): string => {
    const rendered = made.render(QUESTION, { add_generation_prompt: true, extra });
    return 'text' in rendered ? rendered.text : '';
  };
  const given = prompt(asked);
  if (CLOSED.test(given)) return null;
  const switches = SWITCHES.map((name) => ({
    on: { ...asked, [name]: true },
    off: { ...asked, [name]: false },
  })).filter(({ on, off }) => prompt(on) !== prompt(off));
  const told = switches.find(({ off }) => prompt(off) !== given && !OPENED.test(prompt(off)));
  const thinks = OPENED.test(given) || (switches.length > 0 ? told !== undefined : MARK.test(template.source));
  return thinks ? { off: told?.off ?? null } : null;
}
