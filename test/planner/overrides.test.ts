import { describe, expect, it } from 'vitest';
import type { Planned } from '../../scripts/plan/methods.ts';
import { checkConflicts } from '../../scripts/planner/overrides/conflicts.ts';
import known from '../../scripts/planner/overrides/trl-arguments.json' with { type: 'json' };
import { checkOverrides, parseOverrides } from '../../scripts/planner/overrides.ts';
import { work } from './support.ts';

describe('--set', () => {
  it.each([
    [['packing=true'], { packing: true }],
    [['gradient_checkpointing=false'], { activation_checkpointing: false }],
    [
      ['gradient_checkpointing_kwargs={"every_n_layers": 2}'],
      { activation_checkpointing_kwargs: { every_n_layers: 2 } },
    ],
    [['packing=True', 'eos_token=None'], { packing: true, eos_token: null }],
    [['weight_decay=0.1', 'seed=7'], { weight_decay: 0.1, seed: 7 }],
    [['lora_r=8', 'use_rslora=true'], { lora_r: 8, use_rslora: true }],
    [['lr_scheduler_type=linear'], { lr_scheduler_type: 'linear' }],
    [['optim_args=a=1,b=2'], { optim_args: 'a=1,b=2' }],
    [['lr_scheduler_kwargs={"a": 1}'], { lr_scheduler_kwargs: { a: 1 } }],
    [['weight_decay=0', 'max_grad_norm=1'], { weight_decay: 0, max_grad_norm: 1 }],
  ])('%j', (flags, expected) => expect(parseOverrides(flags, 'sft')).toEqual(expected));

  it.each<['sft' | 'dpo' | 'grpo' | undefined, string]>([
    [undefined, 'beta=0.1'],
    [undefined, 'loss_type=ipo'],
    ['dpo', 'loss_type=["sigmoid", "sft"]'],
    ['dpo', 'loss_type=ipo'],
    ['grpo', 'scale_rewards=false'],
    ['sft', 'packing=true'],
  ])('for %s takes %s', (method, flag) => expect(Object.keys(parseOverrides([flag], method))).toHaveLength(1));

  it.each(['__proto__={"packing":true}', 'pakcing=true', 'bf16=true'])('refuses %s for any method', (flag) => {
    expect(() => parseOverrides([flag], undefined)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it.each([
    ['max_seq_length=9', /became max_length/],
    ['warmup_ratio=0.1', /became warmup_steps/],
    ['evaluation_strategy=no', /became eval_strategy/],
    ['trust_remote_code=true', /never run/],
    ['output_dir=/', /the plan decides/],
    ['hub_token=x', /HF_TOKEN/],
    ['pakcing=true', /no such argument/],
    ['save_strategy=no', /go on from its checkpoint/],
    ['save_only_model=true', /go on from its checkpoint/],
    ['enable_jit_checkpoint=true', /stops in time/],
    ['model_init_kwargs={"trust_remote_code": true}', /no code from a repository/],
    ['bf16=true', /by the hardware/],
    ['trackio_static_space_id=x', /private Space/],
    ['fsdp=full_shard', /the plan decides: its processes/],
    ['per_device_train_batch_size=-3', /whole number above 0/],
    ['per_device_train_batch_size="8"', /whole number above 0/],
    ['gradient_accumulation_steps=0', /whole number above 0/],
    ['save_steps=0.5', /whole number above 0/],
    ['weight_decay=1e999', /finite/],
    ['optim_args={"a": -1e999}', /finite/],
    ['use_rslora=1', /expected true or false$/],
    ['lora_target_modules=q_proj', /it isn't set this way: the plan decides: every linear layer/],
    ['attn_implementation=eager', /it isn't set this way: the plan decides by the model/],
    ['load_in_4bit=true', /it isn't set this way: --lora qlora$/],
    ['dataset_name=x', /it isn't set this way: --dataset$/],
    ['__proto__=1', /no such argument/],
    ['constructor=1', /no such argument/],
    ['learningrate=1', /near: learning_rate \(--learning-rate\)$/],
    ['pakcing=true', /near: packing$/],
    ['r=8', /near: lora_r$/],
    ['lora_rank=8', /near: .*lora_r$/],
    ['batch_size=8', /near: .*per_device_train_batch_size/],
    ['zzzzzzzzzzzz=1', /no such argument for SFT$/],
    ['packing', /expected --set name=value/],
    ['=1', /expected --set name=value/],
    ['weight_decay=abc', /--set weight_decay=abc: expected a number$/],
    ['weight_decay=-0.1', /expected 0 or more/],
    ['weight_decay="0.1"', /weight_decay=0.1: expected a number$/],
    ['seed=hello', /--set seed=hello: expected a whole number/],
    ['seed=1.5', /whole number/],
    ['seed=4294967296', /expected 4294967295 or less/],
    ['packing=1', /expected true or false/],
    ['lr_scheduler_type=cosin', /lr_scheduler_type=cosin: expected one of linear, cosine, /],
    ['loss_type=ipo', /expected one of nll, dft, chunked_nll for SFT$/],
    ['packing_strategy=best', /expected one of bfd, bfd_split, wrapped$/],
    ['optim_args={"a": 1}', /expected None or text/],
    ['adam_beta1=1', /less than 1/],
    ['use_liger_kernel=true', /needs the package liger-kernel/],
    ['padding_free=true', /flash attention/],
    ['tf32=true', /by the hardware/],
    ['dataset_kwargs={"skip_prepare_dataset": true}', /how rows are prepared/],
  ])('refuses %s', (flag, message) => {
    expect(() => parseOverrides([flag], 'sft')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode: 2 }),
    );
  });

  describe('a value that one method takes and another does not', () => {
    it('is left to the method, where the data have to decide on it', () => {
      const set = parseOverrides(['loss_type=foo'], undefined);
      expect(set).toEqual({ loss_type: 'foo' });
      const words = (method: Planned): string => {
        try {
          checkOverrides(set, method);
          return '';
        } catch (error) {
          return (error as Error).message;
        }
      };
      expect(words('sft')).toBe('--set loss_type=foo: expected one of nll, dft, chunked_nll for SFT');
      expect(words('kto')).toBe('--set loss_type=foo: expected one of kto, apo_zero_unpaired for KTO');
      expect(words('dpo')).toMatch(/: expected one of aot, .*, sppo_hard for DPO$/);
      expect(words('reward')).toMatch(/no such argument for REWARD; it is one of sft, dpo, kto, grpo$/);
    });

    it('is refused at once where none takes it', () => {
      expect(() => parseOverrides(['beta=much'], undefined)).toThrow(/--set beta=much: expected a number$/);
    });
  });

  it('lists the optimizers that are accepted, and no others', () => {
    let said = '';
    try {
      parseOverrides(['optim=nonsense'], 'sft');
    } catch (error) {
      said = (error as Error).message;
    }
    const [, plain = '', quantized = ''] = /: expected one of (.*); with --lora qlora also (.*)$/.exec(said) ?? [];
    const accepted = (optim: string, lora: 'auto' | 'qlora'): boolean => {
      try {
        checkOverrides({ optim }, 'sft');
        checkConflicts(work({ request: { model: 'm', dataset: 'd', lora, set: { optim } } }));
        return true;
      } catch {
        return false;
      }
    };
    const all = known.shared.optim.choices;
    expect(plain.split(', ')).toHaveLength(6);
    expect(new Set(plain.split(', '))).toEqual(new Set(all.filter((one) => accepted(one, 'auto'))));
    expect(new Set(`${plain}, ${quantized}`.split(', '))).toEqual(new Set(all.filter((one) => accepted(one, 'qlora'))));
  });
});
