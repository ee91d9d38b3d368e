/** What PyTorch and transformers bring themselves. */
export const OPTIMIZERS: readonly string[] = [
  'adamw_torch',
  'adamw_torch_fused',
  'adafactor',
  'sgd',
  'adagrad',
  'rmsprop',
];
/** Of bitsandbytes, which the script has for QLoRA. */
const BITSANDBYTES = /^(adamw_(bnb_)?8bit|(paged_)?(adamw|ademamix|lion)_(8|32)bit|ademamix|rmsprop_bnb(_(8|32)bit)?)$/;

/** Whether the script has the packages for it. */
export const hasOptimizer = (name: string, qlora: boolean): boolean =>
  OPTIMIZERS.includes(name) || (qlora && BITSANDBYTES.test(name));

/** Of all that transformers knows, those that the script has the packages for. */
export function optimizerWords(known: readonly string[]): string {
  const [own, more] = [OPTIMIZERS, known.filter((name) => BITSANDBYTES.test(name))];
  return `${own.join(', ')}; with --lora qlora also ${more.join(', ')}`;
}
