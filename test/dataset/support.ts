import { dirname } from 'node:path';
import type { DatasetReport } from '../../scripts/dataset/report.ts';
import { type ValidateOptions, validateDataset } from '../../scripts/dataset/validate.ts';
import type { Hub } from '../../scripts/hub/client.ts';

/** No network: whoever asks it fails the test. */
export const offline: Hub = {
  endpoint: 'https://hub.invalid',
  datasetsServer: 'https://hub.invalid',
  token: null,
  fetch: async (input) => {
    throw new Error(`fetched ${input}`);
  },
};

export function validateLocal(path: string, options: ValidateOptions = {}): Promise<DatasetReport> {
  return validateDataset({ reference: path, options, hub: offline, cwd: dirname(path), env: {} });
}
