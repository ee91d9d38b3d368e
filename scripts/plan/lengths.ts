/** TRL's own `max_length` (SFT, DPO, KTO, Reward), tokens. */
export const DEFAULT_MAX_LENGTH = 1024;
/** Those that are planned, tokens. */
export const USUAL_LENGTHS = [512, 1024, 2048, 4096, 8192, 16_384, 32_768] as const;
