import type { PublishedRow } from './published.ts';

/**
 * The same model and length, LoRA, batch of one: what ms-swift's benchmark reserved over batches of many lengths up to it,
 * against what Qwen's authors measured with every row padded to it. What is beyond that is the allocator's cache.
 */
export function varyingLengths(rows: readonly PublishedRow[]): { reserved: PublishedRow; exact: PublishedRow }[] {
  return rows.flatMap((reserved) => {
    const named = /^swift-bench-qwen-(1_8b|7b|14b)-chat-lora-(\d+)$/.exec(reserved.id);
    const exact = named && rows.find(({ id }) => id === `qwen-profile-${named[1]}-lora-${named[2]}`);
    return exact ? [{ reserved, exact }] : [];
  });
}
