import { type Call, HubError, sendJson } from './http.ts';
import { fitCells, type ShownRow } from './viewer-cells.ts';
import { conformRow, type Feature } from './viewer-features.ts';
import type { Layout, Row } from './viewer-files.ts';
import { loadSplit, type Opened, openDataset, required, type Split } from './viewer-open.ts';

/** The dataset viewer: /is-valid, /splits, /first-rows, /rows, /size, /info, /parquet. */

const FIRST_ROWS = 100;
const MOST_ROWS = 100;

export async function viewer(call: Call): Promise<void> {
  const opened = await openDataset(call);
  const headers = { 'x-revision': opened.commit.sha };
  const endpoint = call.params.endpoint ?? '';
  const answer = { 'is-valid': isValid, splits, 'first-rows': firstRows, rows, size, info, parquet }[endpoint];
  if (!answer) throw new HubError(404, 'Not found.', 'ResponseNotFound');
  sendJson(call, await answer(call, opened), headers);
}

function isValid(): unknown {
  return { preview: true, viewer: true, search: false, filter: false, statistics: false };
}

function splits(call: Call, { repo, layout }: Opened): unknown {
  return { splits: pairs(call, layout).map((pair) => ({ dataset: repo.id, ...pair })), pending: [], failed: [] };
}

async function firstRows(call: Call, opened: Opened): Promise<unknown> {
  const { config, split, features, rows } = await askedSplit(call, opened);
  const shown = fitCells(show(rows.slice(0, FIRST_ROWS), 0, features), call.world.viewerBytes);
  const truncated = rows.length > FIRST_ROWS;
  return { dataset: opened.repo.id, config, split, features: listed(features), rows: shown, truncated };
}

async function rows(call: Call, opened: Opened): Promise<unknown> {
  const offset = integer(call, 'offset', 0);
  const length = integer(call, 'length', MOST_ROWS);
  if (length > MOST_ROWS) {
    throw new HubError(422, `Parameter 'length' must not be greater than ${MOST_ROWS}`, 'InvalidParameter');
  }
  const { features, rows: all } = await askedSplit(call, opened);
  const shown = fitCells(show(all.slice(offset, offset + length), offset, features), call.world.viewerBytes);
  return {
    features: listed(features),
    rows: shown,
    num_rows_total: all.length,
    num_rows_per_page: MOST_ROWS,
    partial: false,
  };
}

async function size(call: Call, opened: Opened): Promise<unknown> {
  const dataset = opened.repo.id;
  const splits = await Promise.all(
    pairs(call, opened.layout).map(async ({ config, split }) => {
      const { features, rows, bytes } = await loadSplit(call, opened, config, split);
      return { dataset, config, split, ...counts(bytes, rows.length), num_columns: Object.keys(features).length };
    }),
  );
  const total = (of: typeof splits) => ({
    dataset,
    ...counts(sum(of, 'num_bytes_memory'), sum(of, 'num_rows')),
    num_bytes_original_files: sum(of, 'num_bytes_memory'),
  });
  const configs = [...new Set(splits.map(({ config }) => config))].map((config) => {
    const own = splits.filter((split) => split.config === config);
    return { config, ...total(own), num_columns: own[0]?.num_columns ?? 0 };
  });
  const whole = call.url.searchParams.has('config') ? { config: configs[0] } : { dataset: total(splits), configs };
  return { size: { ...whole, splits }, pending: [], failed: [], partial: false };
}

async function info(call: Call, opened: Opened): Promise<unknown> {
  const infos = new Map<string, { features: Record<string, Feature>; splits: Record<string, unknown> }>();
  for (const { config, split } of pairs(call, opened.layout)) {
    const { features, rows, bytes } = await loadSplit(call, opened, config, split);
    const entry = infos.get(config) ?? { features, splits: {} };
    entry.splits[split] = { name: split, num_bytes: bytes, num_examples: rows.length, dataset_name: null };
    infos.set(config, entry);
  }
  const asked = call.url.searchParams.get('config');
  const dataset_info = asked === null ? Object.fromEntries(infos) : infos.get(asked);
  return { dataset_info, pending: [], failed: [], partial: false };
}

/** Only what is Parquet already: nothing is converted here. */
function parquet(call: Call, { repo, commit, layout }: Opened): unknown {
  const files = pairs(call, layout).flatMap(({ config, split }) =>
    (layout.get(config)?.get(split) ?? []).map((path) => {
      const url = `${call.world.url}/datasets/${repo.id}/resolve/${commit.sha}/${path}`;
      return { dataset: repo.id, config, split, url, filename: path, size: commit.files.get(path)?.size ?? 0 };
    }),
  );
  if (!files.every(({ filename }) => filename.endsWith('.parquet'))) {
    throw new HubError(404, 'Not found.', 'ResponseNotFound');
  }
  return { parquet_files: files, pending: [], failed: [], partial: false };
}

async function askedSplit(call: Call, opened: Opened): Promise<Split & { config: string; split: string }> {
  const config = required(call, 'config');
  const split = required(call, 'split');
  if (!opened.layout.get(config)?.has(split)) throw new HubError(404, 'Not found.', 'ResponseNotFound');
  return { config, split, ...(await loadSplit(call, opened, config, split)) };
}

/** Config and split pairs, of one config where the request names one. */
function pairs(call: Call, layout: Layout): { config: string; split: string }[] {
  const asked = call.url.searchParams.get('config');
  if (asked && !layout.has(asked)) throw new HubError(404, 'Not found.', 'ResponseNotFound');
  return [...layout]
    .filter(([config]) => asked === null || config === asked)
    .flatMap(([config, splits]) => [...splits.keys()].map((split) => ({ config, split })));
}

function show(rows: Row[], offset: number, features: Record<string, Feature>): ShownRow[] {
  return rows.map((row, index) => ({ row_idx: offset + index, row: conformRow(row, features), truncated_cells: [] }));
}

function listed(features: Record<string, Feature>): unknown[] {
  return Object.entries(features).map(([name, type], feature_idx) => ({ feature_idx, name, type }));
}

const counts = (bytes: number, rows: number) => ({
  num_bytes_parquet_files: bytes,
  num_bytes_memory: bytes,
  num_rows: rows,
  estimated_num_rows: null,
});

function sum<K extends string>(of: Record<K, number>[], key: K): number {
  return of.reduce((total, item) => total + item[key], 0);
}

function integer(call: Call, name: string, fallback: number): number {
  const value = Number(call.url.searchParams.get(name) ?? fallback);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new HubError(422, `Parameter '${name}' must be a non-negative integer`, 'InvalidParameter');
}
