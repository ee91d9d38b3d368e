import type { Mapping } from '../plan/mapping.ts';
import type { Method } from '../plan/methods.ts';
import type { Finding, PlanDataset, Source } from '../plan/schema.ts';
import type { PictureCost, PictureSize } from './pictures/sizes.ts';

/** What `validate` says about one dataset and one method. */
export interface MethodReport {
  /** Trains as it is; trains after a mapping; doesn't train. */
  verdict: 'READY' | 'NEEDS_MAPPING' | 'INCOMPATIBLE';
  findings: Finding[];
  /** True where TRL trains on something else than it seems, because of the columns or in half of the rows or more. */
  harmful?: boolean;
  /** What the rows are for this method (after `mapping`, if there is one); absent when INCOMPATIBLE. */
  format?: PlanDataset['format'];
  conversational?: boolean;
  /** True where the rows carry pictures: for vision-language models. */
  vision?: boolean;
  /** The mapping that makes it ready: proposed, or the one given by `--map`. */
  mapping?: Mapping;
  /** The same as Python: the text that the training script would run. */
  mapping_python?: string;
  /** Further mappings that are as plausible; the person chooses. */
  other_mappings?: Mapping[];
  /** Rows, among those seen, that can't train; `--drop-invalid` leaves them out. */
  invalid_rows: number;
}

/** What is cut or left out at one `max_length`, as shares of the rows, 0 to 1. */
export interface LengthShares {
  max_length: number;
  truncated_share: number;
  dropped_share: number;
}

/** Tokens of the text that would be trained on, per row: `p50`, `p95` and `max` of its longest sequence, of all else. */
export interface TokenStatistics extends Partial<LengthShares> {
  total: number;
  mean: number;
  p50: number;
  p95: number;
  max: number;
  /** True where it was counted in characters and divided, not by the model's tokenizer. */
  estimated: boolean;
  /** The model whose tokenizer and chat template counted. */
  tokenizer?: string;
  /** Rows that were tokenized, of all that were seen, and rows whose conversations could not be rendered here. */
  counted_rows?: number;
  uncounted_rows?: number;
  /** The same shares at usual lengths. */
  by_length?: LengthShares[];
}

/** Pictures of the rows that train, among those seen. */
export interface PictureStatistics {
  /** Of a row, at most. */
  per_row: number;
  seen: number;
  /** Of these, those whose size can't be told: they lie where nothing is fetched from. */
  unsized: number;
  /** Of a row on average: pictures, and pixels of those whose size is known. */
  mean: { pictures: number; pixels: number };
  /** Of those with a size, the one that makes the most tokens, or has the most pixels. */
  largest: PictureSize | null;
  /** By the processor of the model that is to learn from them, where one was named. */
  counted?: {
    /** Tokens of one picture, at most: of those without a size, the most that the processor makes of any. */
    largest: number;
    /** Of the pictures of a row: the most, and on average. */
    most: PictureCost;
    mean: PictureCost;
    /** Tokens of whole rows, their text (estimated) and pictures; and of the longest text alone. */
    rows: TokenStatistics;
    text: number;
    /** A processor that isn't known here: pictures count by their whole size. */
    unknown_processor?: string;
  };
}

export interface Column {
  name: string;
  /** In the words of `datasets` features: `string`, `int64`, `list<struct<role: string, content: string>>`, ... */
  type: string;
}

export interface DatasetReport {
  /** As resolved: a Hub id or an absolute path. */
  dataset: string;
  source: Source;
  /** Commit of a Hub dataset, sha256 of local files. */
  revision: string | null;
  fingerprint: string | null;
  /** Absolute paths, in the order that the fingerprint covers them; empty for a Hub dataset. */
  files: string[];
  config: string | null;
  split: string;
  /** All splits of this config. */
  splits: { name: string; rows: number | null }[];
  rows_total: number | null;
  /** True where `rows_total` is worked out from the bytes of the files. */
  rows_estimated?: boolean;
  rows_seen: number;
  /** Whether every row was seen. */
  complete: boolean;
  columns: Column[];
  methods: Partial<Record<Method, MethodReport>>;
  /** The method that fits best, null where none does. */
  recommended: Method | null;
  /** Why, in half a line. */
  recommended_because: string | null;
  tokens?: TokenStatistics;
  /** Where the rows carry pictures. */
  pictures?: PictureStatistics;
  /** The dataset's own words as the model would see one row, special tokens too, clipped and escaped. */
  rendered_example?: { row: number; text: string };
  /** How a name was resolved, what could not be checked. */
  notes: string[];
  /** The dataset's own words: one row, clipped and with control characters escaped. */
  example?: { row: number; cells: { column: string; text: string }[] };
}
