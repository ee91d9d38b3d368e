import args from './arguments.py';
import bucket_checkpoints from './bucket_checkpoints.py';
import callbacks from './callbacks.py';
import card from './card.py';
import checkpoint_uploads from './checkpoint_uploads.py';
import checkpoints from './checkpoints.py';
import code_sandbox from './code_sandbox.py';
import code_tests from './code_tests.py';
import curves from './curves.py';
import data from './data.py';
import downloads from './downloads.py';
import dpo from './dpo.py';
import events from './events.py';
import full_disk from './full_disk.py';
import grpo from './grpo.py';
import hub_check from './hub_check.py';
import hub_checkpoints from './hub_checkpoints.py';
import hub_commits from './hub_commits.py';
import hub_data from './hub_data.py';
import hub_history from './hub_history.py';
import hub_output from './hub_output.py';
import hub_requests from './hub_requests.py';
import judge from './judge.py';
import kto from './kto.py';
import last_evaluation from './last_evaluation.py';
import launch from './launch.py';
import local_data from './local_data.py';
import lora from './lora.py';
import mapping from './mapping.py';
import merge from './merge.py';
import model from './model.py';
import pairs from './pairs.py';
import pictures from './pictures.py';
import processes from './processes.py';
import qlora from './qlora.py';
import reward from './reward.py';
import reward_code from './reward_code.py';
import reward_exact from './reward_exact.py';
import reward_examples from './reward_examples.py';
import reward_file from './reward_file.py';
import reward_format from './reward_format.py';
import reward_here from './reward_here.py';
import reward_json_schema from './reward_json_schema.py';
import reward_length from './reward_length.py';
import reward_math from './reward_math.py';
import reward_model from './reward_model.py';
import reward_regex from './reward_regex.py';
import reward_text from './reward_text.py';
import reward_trial from './reward_trial.py';
import reward_watch from './reward_watch.py';
import rloo from './rloo.py';
import row_store from './row_store.py';
import run from './run.py';
import safety from './safety.py';
import samples from './samples.py';
import sandbox_child from './sandbox_child.py';
import sandbox_lock from './sandbox_lock.py';
import saved from './saved.py';
import saving from './saving.py';
import scores from './scores.py';
import sft from './sft.py';
import share from './share.py';
import surroundings from './surroundings.py';
import train from './train.py';
import trainable from './trainable.py';
import vllm from './vllm.py';

/** The Python modules that a training script is made of, by name; `plan` is the run's own. */
export const PARTS: Readonly<Record<string, string>> = {
  arguments: args,
  bucket_checkpoints,
  callbacks,
  card,
  checkpoint_uploads,
  checkpoints,
  code_sandbox,
  code_tests,
  curves,
  data,
  downloads,
  dpo,
  events,
  full_disk,
  grpo,
  hub_check,
  hub_checkpoints,
  hub_commits,
  hub_data,
  hub_history,
  hub_output,
  hub_requests,
  judge,
  kto,
  last_evaluation,
  launch,
  local_data,
  lora,
  mapping,
  merge,
  model,
  pairs,
  pictures,
  processes,
  qlora,
  reward,
  reward_code,
  reward_exact,
  reward_examples,
  reward_file,
  reward_format,
  reward_here,
  reward_json_schema,
  reward_length,
  reward_math,
  reward_model,
  reward_regex,
  reward_text,
  reward_trial,
  reward_watch,
  rloo,
  row_store,
  run,
  safety,
  samples,
  sandbox_child,
  sandbox_lock,
  saved,
  saving,
  scores,
  sft,
  share,
  surroundings,
  train,
  trainable,
  vllm,
};
