import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { composeScript } from '../../scripts/training/compose.ts';
import { localPlan, QUICKSTART_DATA, runPython, temporaryFolder, train, trainingPython } from '../support/training.ts';

/** Starts the script of its first argument with a Python, and prints how it ended. */
const START = `
import subprocess, sys
python, script, where = sys.argv[1:]
if where == "full":
    with open("/dev/full", "w") as disk:
        code = subprocess.run([python, script], stdout=disk, stderr=disk).returncode
elif where == "nowhere":
    code = subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", python, script]).returncode
else:
    run = subprocess.Popen([python, script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    run.stdout.readline()
    run.stdout.close()
    code = run.wait()
print("ended:", code)
`;

describe.skipIf(process.platform !== 'linux')('progress that goes nowhere', () => {
  it.each([
    ['on a full disk', 'full'],
    ['into a pipe whose reader has left', 'closed'],
    ['without any stream', 'nowhere'],
  ])('%s costs no run, and a run leaves its model and its curves alone', async (_, where) => {
    const plan = await localPlan(QUICKSTART_DATA);
    const home = await temporaryFolder();
    const script = join(home, 'script.py');
    await writeFile(script, composeScript(plan).script);
    const env = { HF_HOME: join(home, 'hf'), PYTHONUNBUFFERED: '' };
    const { log } = await runPython(['-c', START, await trainingPython(), script, where], { env });
    expect(log).toBe('ended: 0\n');
    expect(await readdir(plan.output.folder ?? '')).toEqual(expect.arrayContaining(['model.safetensors', 'README.md']));
    expect(await readdir(plan.output.folder ?? '')).not.toContain('.tables');
    expect(await readdir(join(home, 'hf'))).toEqual(['trackio']);
  });
});

it('rows that were read stay for as long as a run may go on with them', async () => {
  const plan = await localPlan(QUICKSTART_DATA);
  const folder = plan.output.folder ?? '';
  const tables = async (): Promise<string[]> =>
    (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('rows.arrow'));
  const stopped = await train(plan, { onEvent: ({ event }, kill) => event === 'step' && kill('SIGTERM') });
  expect(stopped.code, stopped.log).toBe(75);
  expect(await tables()).toHaveLength(1);
  expect((await train(plan)).code).toBe(0);
  expect(await tables()).toEqual([]);
});
