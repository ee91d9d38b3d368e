import args from './arguments.py';
import callbacks from './callbacks.py';
import card from './card.py';
import checkpoints from './checkpoints.py';
import curves from './curves.py';
import data from './data.py';
import events from './events.py';
import hub_data from './hub_data.py';
import hub_output from './hub_output.py';
import local_data from './local_data.py';
import lora from './lora.py';
import mapping from './mapping.py';
import merge from './merge.py';
import model from './model.py';
import qlora from './qlora.py';
import run from './run.py';
import safety from './safety.py';
import samples from './samples.py';
import sft from './sft.py';
import share from './share.py';
import trainable from './trainable.py';

/** The Python modules that a training script is made of, by name; `plan` is the run's own. */
export const PARTS: Readonly<Record<string, string>> = {
  arguments: args,
  callbacks,
  card,
  checkpoints,
  curves,
  data,
  events,
  hub_data,
  hub_output,
  local_data,
  lora,
  mapping,
  merge,
  model,
  qlora,
  run,
  safety,
  samples,
  sft,
  share,
  trainable,
};
