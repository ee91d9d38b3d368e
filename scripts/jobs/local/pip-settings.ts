import { readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Python } from './python.ts';
import { type Run, run } from './run.ts';

/** Where pip was told to look for packages: what a person or a company set up once holds for uv, too. */
export interface PipSettings {
  /** Folders and URLs. */
  findLinks: string[];
  indexUrl: string | null;
  /** File of certificates, behind a proxy that opens TLS. */
  cert: string | null;
}

/** Reads pip's files and variables through pip itself. Where there is no pip there are no settings. */
export async function readPipSettings(python: Python, env: NodeJS.ProcessEnv, spawn: Run = run): Promise<PipSettings> {
  const listed = await spawn(python.command, [...python.args, '-m', 'pip', 'config', 'list'], { env });
  return parsePipSettings(listed.code === 0 ? listed.stdout : '');
}

/** Lines such as `global.find-links='/wheels'`; of several, pip lets `install.` win over `global.`, `:env:` over all. */
export function parsePipSettings(listing: string): PipSettings {
  const values = new Map<string, { rank: number; value: string }>();
  for (const line of listing.split(/\r?\n/)) {
    const match = /^(global|install|:env:)\.([a-z-]+)=(['"])(.*)\3$/.exec(line.trim());
    if (!match) continue;
    const [, section = '', key = '', , value = ''] = match;
    const rank = ['global', 'install', ':env:'].indexOf(section);
    if (rank >= (values.get(key)?.rank ?? -1)) values.set(key, { rank, value });
  }
  return {
    findLinks: (values.get('find-links')?.value ?? '').replaceAll('\\n', ' ').split(/\s+/).filter(Boolean),
    indexUrl: values.get('index-url')?.value || null,
    cert: values.get('cert')?.value || null,
  };
}

/** The settings as uv's variables; what the person set for uv directly stays. */
export function uvSettings(settings: PipSettings, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {};
  if (settings.findLinks.length > 0 && !env.UV_FIND_LINKS) variables.UV_FIND_LINKS = settings.findLinks.join(',');
  if (settings.indexUrl && !env.UV_DEFAULT_INDEX && !env.UV_INDEX_URL) variables.UV_DEFAULT_INDEX = settings.indexUrl;
  if (settings.cert && !env.SSL_CERT_FILE) variables.SSL_CERT_FILE = settings.cert;
  return variables;
}

/**
 * Whether one of the folders holds a wheel of this torch for this Python and processor. URLs are not looked
 * into: uv gets them all the same.
 */
export async function hasTorchWheel(findLinks: string[], torch: string, pythonVersion: string): Promise<boolean> {
  const [major, minor] = pythonVersion.split('.');
  const architecture = { x64: 'x86_64|amd64', arm64: 'aarch64|arm64' }[process.arch as string] ?? process.arch;
  const system = { linux: 'linux', darwin: 'macosx', win32: 'win' }[process.platform as string] ?? process.platform;
  const version = torch.replaceAll('.', '\\.');
  const wheel = new RegExp(
    `^torch-${version}(\\+[^-]+)?-cp${major}${minor}-[^-]+-.*${system}.*(${architecture})\\.whl$`,
  );
  for (const entry of findLinks) {
    const folder = entry.startsWith('file://') ? fileURLToPath(entry) : entry;
    if (!isAbsolute(folder)) continue;
    const names = await readdir(join(folder)).catch((): string[] => []);
    if (names.some((name) => wheel.test(name))) return true;
  }
  return false;
}
