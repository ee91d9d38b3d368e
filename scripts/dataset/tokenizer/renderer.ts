import type { Row } from '../rows.ts';
import { ChatTemplate } from './chat-template.ts';
import type { ModelTemplates } from './model-text.ts';
import type { Renderer } from './row-texts.ts';

/** What Python says where a conversation is to be rendered and there is no template. */
export const NO_TEMPLATE = 'Cannot use chat template functions because tokenizer.chat_template is not set';

/** A model's chat templates, each read when it is first needed. */
export function rendererOf({ eos, templates }: ModelTemplates): Renderer {
  const read = new Map<string, ChatTemplate>();
  return {
    eos,
    template(row) {
      if (templates === null) return { raises: NO_TEMPLATE };
      const name = row.tools != null && 'tool_use' in templates ? 'tool_use' : 'default';
      const source = templates[name];
      if (!source) return { raises: 'This model has multiple chat templates with no default specified!' };
      const template = read.get(name) ?? new ChatTemplate(source);
      read.set(name, template);
      return template;
    },
  };
}

/** A row without anything special. */
export const PLAIN_ROW: Row = {};
