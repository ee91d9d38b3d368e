import { fails, type Problem } from '../findings.ts';
import { isRecord, type Row } from '../rows.ts';
import { hasSoundKwargs, hasSoundTools, RESERVED_KWARGS } from '../trainable.ts';

/** The columns that SFT, DPO, KTO and Reward read beside the text. */
export function extrasProblem(row: Row, { conversational }: { conversational: boolean }): Problem | null {
  return kwargsProblem(row, conversational) ?? toolsProblem(row, conversational);
}

function kwargsProblem(row: Row, conversational: boolean): Problem | null {
  if (hasSoundKwargs(row, conversational)) return null;
  const { chat_template_kwargs: given } = row;
  if (!isRecord(given)) {
    return fails(
      'null_chat_template_kwargs',
      '`chat_template_kwargs` is null or no object: TRL stops. Use {} where there are none.',
      'map',
      typeof given === 'string' ? "TypeError: 'str' object is not a mapping" : given === null ? NO_MAPPING : undefined,
    );
  }
  const taken = RESERVED_KWARGS.find((name) => name in given) ?? '';
  return fails(
    'reserved_template_argument',
    `\`chat_template_kwargs\` gives \`${taken}\`, which is for TRL to give: it stops, or learns nothing.`,
    'map',
    ['chat_template', 'return_tensors'].includes(taken) ? undefined : 'got multiple values for',
  );
}

const NO_MAPPING = "TypeError: 'NoneType' object is not a mapping";

function toolsProblem(row: Row, conversational: boolean): Problem | null {
  if (hasSoundTools(row, conversational)) return null;
  const { tools } = row;
  return typeof tools === 'string' && !hasSoundTools(row, false)
    ? fails(
        'bad_tools',
        '`tools` is a string that is not JSON: TRL stops.',
        'map',
        'JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
      )
    : fails('bad_tools', '`tools` is no list of tool descriptions: the chat template stops.', 'map');
}
