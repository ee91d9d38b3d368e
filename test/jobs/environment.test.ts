import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EnvironmentParams, ensureEnvironment } from '../../scripts/jobs/local/environment.ts';
import { parseNvidiaSmi, thisMachine } from '../../scripts/jobs/local/machine.ts';
import { hasTorchWheel, parsePipSettings, uvSettings } from '../../scripts/jobs/local/pip-settings.ts';
import { isOlder } from '../../scripts/jobs/local/python.ts';
import type { Run, RunResult } from '../../scripts/jobs/local/run.ts';
import { ensureUv, findUv, UV_VERSION } from '../../scripts/jobs/local/uv.ts';

/** The commands are answered by the test; test/train installs for real. */
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'environment-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

interface Called {
  line: string;
  env: NodeJS.ProcessEnv;
}
const NONE: RunResult = { code: 127, stdout: '', stderr: 'not found' };
const OK: RunResult = { code: 0, stdout: '', stderr: '' };
const says = (stdout: string): RunResult => ({ ...OK, stdout });
const fails = (stderr: string): RunResult => ({ code: 1, stdout: '', stderr });

/** A machine: the first pattern that matches a command line answers it. */
function machine(answers: [RegExp, RunResult | ((line: string) => RunResult)][]): { run: Run; calls: Called[] } {
  const calls: Called[] = [];
  const run: Run = async (command, args, { env, onLine }) => {
    const line = [command, ...args].join(' ').replaceAll(home, 'HOME');
    calls.push({ line, env });
    const answer = answers.find(([pattern]) => pattern.test(line))?.[1] ?? NONE;
    const result = typeof answer === 'function' ? answer([command, ...args].join(' ')) : answer;
    for (const said of result.stderr.split('\n').filter(Boolean)) onLine?.(said);
    return result;
  };
  return { run, calls };
}

/** `venv` writes a Python, as it does in truth. */
const makesVenv = (line: string): RunResult => {
  const python = join(line.split(' ').at(-1) ?? '', 'bin/python');
  mkdirSync(dirname(python), { recursive: true });
  writeFileSync(python, '');
  return OK;
};
const UV_THERE: [RegExp, RunResult] = [/^uv --version/, says('uv 0.13.8 (x86_64)\n')];
const PYTHON: [RegExp, RunResult] = [/^python3 .*python_version/, says('3.11.7\n')];
const INSIDE: [RegExp, RunResult] = [/bin\/python .*python_version/, says('3.11.7\n')];
const WORKS: [RegExp, RunResult] = [/bin\/python -c $/, OK];
const VENV: [RegExp, (line: string) => RunResult] = [/^uv venv/, makesVenv];
const NO_PIP_SETTINGS: [RegExp, RunResult] = [/pip config list/, says('')];

const params = (run: Run, change: Partial<EnvironmentParams> = {}): EnvironmentParams => ({
  home,
  env: { PATH: '/bin' },
  dependencies: ['trl==1.16.0', 'torch==2.13.0'],
  requiresPython: '>=3.10',
  gpu: false,
  say: () => {},
  run,
  ...change,
});

describe('ensureEnvironment', () => {
  it('installs once, and then finds it', async () => {
    const { run, calls } = machine([UV_THERE, PYTHON, INSIDE, WORKS, VENV, NO_PIP_SETTINGS, [/^uv pip install/, OK]]);
    const first = await ensureEnvironment(params(run));
    expect(existsSync(first.python)).toBe(true);
    expect(readdirSync(join(home, 'environments'))).toHaveLength(1); // no lock, nothing half made
    const installs = () => calls.filter(({ line }) => line.startsWith('uv pip install'));
    expect(installs()[0]?.line).toMatch(/--torch-backend=cpu trl==1.16.0 torch==2.13.0$/);
    expect(await ensureEnvironment(params(run))).toEqual(first);
    expect(await ensureEnvironment(params(run, { dependencies: ['torch==2.13.0', 'trl==1.16.0'] }))).toEqual(first);
    expect(installs()).toHaveLength(1);
    for (const other of [{ gpu: true }, { excludeNewer: '2026-11-20T00:00:00Z' }, { dependencies: ['trl==1.15.0'] }]) {
      expect(await ensureEnvironment(params(run, other))).not.toEqual(first);
    }
    expect(installs()).toHaveLength(4);
  });

  it('makes it anew where it is broken or was left half made', async () => {
    const { run, calls } = machine([UV_THERE, PYTHON, INSIDE, WORKS, VENV, NO_PIP_SETTINGS, [/^uv pip install/, OK]]);
    const { python } = await ensureEnvironment(params(run));
    const folder = dirname(dirname(python));
    mkdirSync(`${folder}.making-999999`);
    rmSync(join(folder, 'hf-llm-trainer-complete.json'));
    await ensureEnvironment(params(run));
    expect(calls.filter(({ line }) => line.startsWith('uv pip install'))).toHaveLength(2);
    expect(readdirSync(dirname(folder))).toHaveLength(1);
    const gone = machine([
      [/bin\/python -c $/, NONE],
      UV_THERE,
      PYTHON,
      INSIDE,
      VENV,
      NO_PIP_SETTINGS,
      [/^uv pip install/, OK],
    ]);
    await ensureEnvironment(params(gone.run));
    expect(gone.calls.some(({ line }) => line.startsWith('uv pip install'))).toBe(true);
  });

  it('two at once install once', async () => {
    const { run, calls } = machine([UV_THERE, PYTHON, INSIDE, WORKS, VENV, NO_PIP_SETTINGS, [/^uv pip install/, OK]]);
    const [a, b] = await Promise.all([ensureEnvironment(params(run)), ensureEnvironment(params(run))]);
    expect(a).toEqual(b);
    expect(calls.filter(({ line }) => line.startsWith('uv pip install'))).toHaveLength(1);
  });

  it('takes the wheel that pip is told of', async () => {
    const wheels = join(home, 'wheels');
    mkdirSync(wheels);
    const system = { linux: 'manylinux_2_28', darwin: 'macosx_14_0', win32: 'win' }[process.platform as string];
    const processor = process.arch === 'x64' ? 'x86_64' : process.platform === 'linux' ? 'aarch64' : 'arm64';
    writeFileSync(join(wheels, `torch-2.13.0+cpu-cp311-cp311-${system}_${processor}.whl`), '');
    const settings = says(`global.find-links='${wheels}'\nglobal.index-url='https://mirror.example/simple'\n`);
    const { run, calls } = machine([
      UV_THERE,
      PYTHON,
      INSIDE,
      WORKS,
      VENV,
      [/pip config list/, settings],
      [/^uv pip install/, OK],
    ]);
    await ensureEnvironment(params(run));
    const install = calls.find(({ line }) => line.startsWith('uv pip install'));
    expect(install?.line).not.toContain('--torch-backend');
    expect(install?.env).toMatchObject({ UV_FIND_LINKS: wheels, UV_DEFAULT_INDEX: 'https://mirror.example/simple' });
  });

  it.skipIf(process.platform === 'darwin')('with a GPU leaves the choice to uv', async () => {
    const { run, calls } = machine([UV_THERE, PYTHON, INSIDE, WORKS, VENV, NO_PIP_SETTINGS, [/^uv pip install/, OK]]);
    await ensureEnvironment(params(run, { gpu: true }));
    expect(calls.find(({ line }) => line.startsWith('uv pip install'))?.line).toContain('--torch-backend=auto');
  });

  it('goes without PyTorch’s own index where that is closed', async () => {
    const closed = fails('error: Failed to fetch: https://download.pytorch.org/whl/cpu/torch/\n');
    const { run, calls } = machine([
      UV_THERE,
      PYTHON,
      INSIDE,
      WORKS,
      VENV,
      NO_PIP_SETTINGS,
      [/^uv pip install .*--torch-backend/, closed],
      [/^uv pip install/, OK],
    ]);
    const said: string[] = [];
    await ensureEnvironment(params(run, { say: (line) => said.push(line) }));
    expect(calls.filter(({ line }) => line.startsWith('uv pip install'))).toHaveLength(
      process.platform === 'darwin' ? 1 : 2,
    );
    expect(said.join()).toContain('ordinary index');
  });

  const failures: [string, RunResult, string][] = [
    [
      'no such version',
      fails(
        '  × No solution found when resolving dependencies:\n  ╰─▶ Because trl==1.16.0 was not found in the package registry',
      ),
      'no_such_package',
    ],
    ['disk full', fails('error: failed to copy file\n  Caused by: No space left on device (os error 28)'), 'disk_full'],
    ['network', fails('error: Request failed after 3 retries\n  Caused by: dns error'), 'install_failed'],
  ];
  it.each(failures)('%s', async (_, result, code) => {
    const { run } = machine([UV_THERE, PYTHON, INSIDE, WORKS, VENV, NO_PIP_SETTINGS, [/^uv pip install/, result]]);
    await expect(ensureEnvironment(params(run))).rejects.toMatchObject({ code });
    expect(readdirSync(join(home, 'environments'))).toEqual([]); // neither half made nor locked
  });

  it('stops at a home that is no folder', async () => {
    writeFileSync(join(home, 'file'), '');
    const { run } = machine([]);
    await expect(ensureEnvironment(params(run, { home: join(home, 'file') }))).rejects.toMatchObject({
      code: 'state_not_writable',
    });
  });
});

describe('ensureUv', () => {
  const uvParams = (run: Run) => ({ home, env: {}, say: () => {}, run });
  const makesUv = (line: string): RunResult => {
    const inside = line.split(' -m ')[0] ?? '';
    writeFileSync(join(dirname(inside), 'uv'), '');
    return OK;
  };
  const venv: [RegExp, (line: string) => RunResult] = [/python3 -m venv/, makesVenv];
  const ours: [RegExp, RunResult] = [/HOME.*uv --version/, says(`uv ${UV_VERSION}`)];

  it.each([
    ['uv 0.13.8 (x86_64)', 'uv'],
    ['uv 0.8.0', 'uv'],
    ['uv 1.0.0', 'uv'],
  ])('takes %s from PATH', async (version, expected) => {
    const { run } = machine([[/^uv --version/, says(version)]]);
    expect(await ensureUv(uvParams(run))).toBe(expected);
  });

  it.each(['uv 0.7.22', 'uv-like 1.0', ''])('does not take %j: installs its own, once', async (version) => {
    const { run, calls } = machine([[/^uv --version/, says(version)], ours, PYTHON, venv, [/pip install/, makesUv]]);
    expect(await findUv(uvParams(run))).toBeNull();
    const uv = await ensureUv(uvParams(run));
    expect(uv).toBe(join(home, 'uv', UV_VERSION, 'bin', 'uv'));
    expect(await ensureUv(uvParams(run))).toBe(uv);
    expect(await findUv(uvParams(run))).toBe(uv);
    expect(calls.filter(({ line }) => line.includes('pip install'))).toHaveLength(1);
    expect(readdirSync(join(home, 'uv'))).toEqual([UV_VERSION]);
  });

  const failures: [string, [RegExp, RunResult][], string][] = [
    ['no Python', [], 'python_missing'],
    ['an old Python', [[/^python3 .*python_version/, says('3.9.18')]], 'python_too_old'],
    [
      'no venv module',
      [
        PYTHON,
        [/-m venv/, fails('The virtual environment was not created successfully because ensurepip is not available.')],
      ],
      'venv_missing',
    ],
    ['venv fails', [PYTHON, [/-m venv/, fails('Error: something')]], 'venv_failed'],
    ['venv on a full disk', [PYTHON, [/-m venv/, fails('OSError: [Errno 28] No space left on device')]], 'disk_full'],
    [
      'pip fails',
      [PYTHON, [/-m venv/, OK], [/pip install/, fails('ERROR: Could not find a version')]],
      'uv_install_failed',
    ],
    [
      'pip on a full disk',
      [PYTHON, [/-m venv/, OK], [/pip install/, fails('OSError: [Errno 28] No space left on device')]],
      'disk_full',
    ],
  ];
  it.each(failures)('%s', async (_, answers, code) => {
    const { run } = machine(answers);
    await expect(ensureUv(uvParams(run))).rejects.toMatchObject({ code });
  });

  it('a second Python on PATH is tried', async () => {
    const { run } = machine([
      ours,
      [/^python3 .*python_version/, says('3.9.1')],
      [/^python .*python_version/, says('3.12.1')],
      [/^python -m venv/, makesVenv],
      [/pip install/, makesUv],
    ]);
    expect(await ensureUv(uvParams(run))).toContain(UV_VERSION);
  });
});

describe('pip settings', () => {
  it.each([
    ['', [], null, null],
    ["global.find-links='/wheels'", ['/wheels'], null, null],
    ["global.find-links='/a /b'", ['/a', '/b'], null, null],
    ["global.find-links='/a\\n/b'", ['/a', '/b'], null, null],
    [":env:.find-links='/env'\nglobal.find-links='/global'", ['/env'], null, null],
    ["global.index-url='https://a'\ninstall.index-url='https://b'", [], 'https://b', null],
    ["global.cert='/cert.pem'\nglobal.timeout='3'", [], null, '/cert.pem'],
    ['WARNING: something\nnonsense', [], null, null],
  ])('%j', (listing, findLinks, indexUrl, cert) => {
    expect(parsePipSettings(listing)).toEqual({ findLinks, indexUrl, cert });
  });

  it('do not replace what uv was told itself', () => {
    const settings = { findLinks: ['/a', '/b'], indexUrl: 'https://a', cert: '/c' };
    expect(uvSettings(settings, {})).toEqual({
      UV_FIND_LINKS: '/a,/b',
      UV_DEFAULT_INDEX: 'https://a',
      SSL_CERT_FILE: '/c',
    });
    expect(uvSettings(settings, { UV_FIND_LINKS: 'x', UV_DEFAULT_INDEX: 'x', SSL_CERT_FILE: 'x' })).toEqual({});
  });

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64').each([
    ['torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl', true],
    ['torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl', true],
    ['torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl', false],
    ['torch-2.12.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl', false],
    ['torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_aarch64.whl', false],
    ['torch-2.13.0+cpu-cp311-cp311-win_amd64.whl', false],
    ['torch-2.13.0.tar.gz', false],
  ])('%s', async (name, expected) => {
    writeFileSync(join(home, name), '');
    expect(await hasTorchWheel(['https://example.com/wheels', '/nowhere', home], '2.13.0', '3.11.7')).toBe(expected);
  });
});

it.each([
  ['3.9.2', '3.10', true],
  ['3.10', '3.10', false],
  ['3.11.7', '3.10', false],
  ['0.8.0', '0.8.0', false],
  ['0.7.99', '0.8.0', true],
  ['4', '3.10', false],
  ['3.10rc1', '3.10', false],
])('%s older than %s: %s', (version, than, older) => expect(isOlder(version, than)).toBe(older));

describe('this machine', () => {
  const two = '0, GPU-aa, NVIDIA L4, 23034\n1, GPU-bb, NVIDIA T4, 15360\n';
  it.each([
    [two, undefined, ['NVIDIA L4', 'NVIDIA T4']],
    [two, '', []],
    [two, '-1', []],
    [two, '1', ['NVIDIA T4']],
    [two, '1,0', ['NVIDIA T4', 'NVIDIA L4']],
    [two, '0,7,1', ['NVIDIA L4']],
    [two, 'GPU-bb', ['NVIDIA T4']],
    ['No devices were found', undefined, []],
    ['0, GPU-aa, NVIDIA GB10, [N/A]', undefined, []],
  ])('%j with CUDA_VISIBLE_DEVICES=%s', (listing, visible, names) => {
    expect(parseNvidiaSmi(listing, visible).map(({ name }) => name)).toEqual(names);
  });

  it('with two GPUs tells of the smaller memory', async () => {
    const { run } = machine([[/^nvidia-smi/, says(two)]]);
    expect(await thisMachine({ home: join(home, 'not', 'yet'), env: {}, run })).toMatchObject({
      kind: 'cuda',
      label: 'NVIDIA L4',
      gpus: 2,
      gpu_memory_gib: 15,
      disk_gib: expect.any(Number),
    });
  });

  it.each([
    ['GPU-aa, 8.9\nGPU-bb, 7.5\n', undefined, 7.5],
    ['GPU-aa, 8.9\nGPU-bb, 7.5\n', '0', 8.9],
    ['GPU-aa, [N/A]\nGPU-bb, [N/A]\n', undefined, null],
    ['Field "compute_cap" is not a valid field to query.', undefined, null],
  ])('that says %j computes as its least card: %s, %s', async (capabilities, visible, least) => {
    const { run } = machine([
      [/compute_cap/, says(capabilities)],
      [/^nvidia-smi/, says(two)],
    ]);
    const env = visible === undefined ? {} : { CUDA_VISIBLE_DEVICES: visible };
    expect((await thisMachine({ home, env, run })).compute_capability).toBe(least);
  });

  it('without a driver has none', async () => {
    const { run } = machine([]);
    const here = await thisMachine({ home, env: {}, run });
    expect(here.kind).not.toBe('cuda');
    expect(here.ram_gib).toBeGreaterThan(0);
    expect(here.cpus).toBeGreaterThan(0);
  });
});
