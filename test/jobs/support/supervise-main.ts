/** Stands in for the runtime's own executable: `supervise-main.ts internal-run-local <folder>`. */
import { superviseJob } from '../../../scripts/jobs/local/supervise.ts';

const home = process.env.HF_LLM_TRAINER_HOME ?? '';
const context = { home, env: process.env, now: () => new Date() };
process.exitCode = await superviseJob(process.argv[3] ?? '', context, { grace_ms: 400, poll_ms: 30 });
