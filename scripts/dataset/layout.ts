import { posix } from 'node:path';
import * as z from 'zod';
import { preview } from '../printable.ts';
import { badCard, noData, severalFormats } from './layout/errors.ts';
import { found } from './layout/find.ts';
import { belongsTo, type Format, formatOf } from './layout/formats.ts';
import { hasMagic } from './layout/glob.ts';
import { inferredSplits, type Patterns, SPLIT_NAME } from './layout/splits.ts';

/** Where the rows of a repository or folder lie, as `load_dataset` of `datasets` 5.2 finds them. */
export interface Layout {
  /** How the files are read, for all configs. */
  format: Format;
  /** The config that is taken where none is asked for; null where a person has to say. */
  default_config: string | null;
  configs: string[];
  /** Whether the card names the configs. */
  declared: boolean;
  /** Paths by split, a path as often as it is read. Throws TrainerError `data` where `load_dataset` fails. */
  splits(config: string): Map<string, string[]>;
}

const Path = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const Entry = z.strictObject({ split: z.string().regex(SPLIT_NAME), path: Path });
const DataFiles = z.union([Path, z.array(z.union([z.string(), Entry]))]);
const Configs = z.array(
  z.object({
    config_name: z.string(),
    default: z.unknown().optional().transform(Boolean),
    data_files: DataFiles.nullish(),
    data_dir: z.string().nullish(),
  }),
);
type Config = z.infer<typeof Configs>[number];

/**
 * From the paths below a root and the metadata of its README (`configs`). Throws TrainerError `data`: nothing that
 * `datasets` knows, several formats, a card that it stops at.
 */
export function layout(files: readonly string[], card: unknown): Layout {
  const paths = [...files].sort();
  const configs = declared(card);
  const first = configs?.[0];
  const patterns = first?.data_files ? patternsOf(first) : inferredSplits(paths);
  const splits = filesOf(patterns, paths);
  const format = oneFormat(splits);
  if (!configs) {
    const kept = new Map([...splits].map(([split, list]) => [split, list.filter((path) => belongsTo(format, path))]));
    const configs = ['default'];
    return {
      format,
      default_config: describedConfig(card, configs, 'default'),
      configs,
      declared: false,
      splits: () => kept,
    };
  }
  const names = configs.map(({ config_name }) => config_name);
  return {
    format,
    default_config: defaultConfig(configs) ?? describedConfig(card, names, null),
    configs: names,
    declared: true,
    splits(name) {
      const config = configs.find(({ config_name }) => config_name === name);
      return config ? splitsOf(config, paths, format) : new Map();
    },
  };
}

/** The configs that a card declares, null where it declares none. */
function declared(card: unknown): Config[] | null {
  const given = z.object({ configs: z.unknown() }).safeParse(card).data?.configs;
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) return null;
  const { data, error } = Configs.safeParse(given);
  if (data) return data;
  const issue = error.issues[0];
  throw badCard(`its \`configs\` have ${preview(issue?.path.join('.') ?? '')}: ${preview(issue?.message ?? '', 100)}`);
}

/** The only one, the one called `default` or the one marked so; `datasets` stops where that is several. */
function defaultConfig(configs: readonly Config[]): string | null {
  const [first, second] = configs.filter(
    (config) => configs.length === 1 || config.config_name === 'default' || config.default,
  );
  if (!second) return first?.config_name ?? null;
  throw badCard(`it has several default configs: ${preview(first?.config_name ?? '')}, ${preview(second.config_name)}`);
}

const Described = z.object({ config_name: z.string().default('default') });

/** A single `dataset_info` makes its config the default one, even where there is no such config. */
function describedConfig(card: unknown, configs: readonly string[], otherwise: string | null): string | null {
  const info = z.object({ dataset_info: z.unknown() }).safeParse(card).data?.dataset_info;
  const [only, second] = [info].flat().flatMap((each) => Described.safeParse(each).data ?? []);
  if (!only || second) return otherwise;
  return configs.includes(only.config_name) ? only.config_name : null;
}

function splitsOf(config: Config, paths: readonly string[], format: Format): Map<string, string[]> {
  const folder = config.data_dir ? `${posix.normalize(config.data_dir).replace(/\/$/, '')}/` : '';
  const below = paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
  const splits = filesOf(config.data_files ? patternsOf(config) : inferredSplits(below), below);
  for (const [split, list] of splits) {
    const other = list.find((path) => !belongsTo(format, path));
    if (other !== undefined) throw severalFormats([format, `${preview(other)} in split ${preview(split)}`]);
  }
  // One is enough: all splits of a config are prepared together.
  const empty = [...splits].find(([, list]) => list.length === 0)?.[0];
  if (empty !== undefined || splits.size === 0) {
    const of = empty === undefined ? '' : `split "${preview(empty)}" of `;
    throw noData(`${of}config "${preview(config.config_name)}" names no file that is there`);
  }
  return new Map([...splits].map(([split, list]) => [split, list.map((path) => folder + path)]));
}

function patternsOf({ config_name, data_files }: Config): Patterns {
  const items = data_files ?? [];
  if (items.every((item) => typeof item === 'string')) return new Map([['train', items]]);
  const splits = new Map<string, string[]>();
  for (const item of items) {
    const ofConfig = `config "${preview(config_name)}"`;
    if (typeof item === 'string') throw badCard(`${ofConfig} has files with and without a split`);
    if (splits.has(item.split)) throw badCard(`${ofConfig} has the split "${preview(item.split)}" twice`);
    splits.set(item.split, item.path);
  }
  return splits;
}

function filesOf(patterns: Patterns, paths: readonly string[]): Map<string, string[]> {
  return new Map(
    [...patterns].map(([split, list]) => {
      if (!SPLIT_NAME.test(split)) throw badCard(`"${preview(split)}" is no name of a split`);
      return [split, list.flatMap((pattern) => filesFor(pattern, paths))];
    }),
  );
}

function filesFor(pattern: string, paths: readonly string[]): string[] {
  if (/^[a-z][a-z0-9+.-]*:\/\/|^\/|::/i.test(pattern)) {
    throw noData(`its data lies elsewhere: ${preview(pattern, 120)}`);
  }
  const matching = foundBy(pattern, paths);
  // `datasets` stops where a file that is named is missing, not where a pattern finds nothing.
  if (matching.length === 0 && !hasMagic(pattern)) throw noData(`there is no file ${preview(pattern, 120)}`);
  return matching;
}

function foundBy(pattern: string, paths: readonly string[]): string[] {
  try {
    return found(pattern, paths);
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) throw badCard(preview(error.message, 120));
    throw error;
  }
}

function oneFormat(splits: ReadonlyMap<string, readonly string[]>): Format {
  const formats = [...splits.values()].map(formatOf);
  const [format] = formats;
  if (formats.some((other) => other !== format)) throw severalFormats(formats.map((each) => each ?? 'none'));
  if (format) return format;
  throw noData('there is no data file whose kind `datasets` knows');
}
