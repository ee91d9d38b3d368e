import type { Files } from './files.ts';
import { broken } from './reader.ts';

/** Lines with their numbers from 1, without line ends (LF or CRLF) and byte order mark. Holds one line and a chunk. */
export async function* readLines(files: Files, path: string): AsyncGenerator<readonly [text: string, line: number]> {
  let line = 1;
  let rest: string[] = [];
  for await (const text of decoded(files, path)) {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      rest.push(text.slice(start, end));
      yield [withoutReturn(rest.join('')), line++];
      rest = [];
      start = end + 1;
    }
    rest.push(text.slice(start));
  }
  const last = rest.join('');
  if (last !== '') yield [withoutReturn(last), line];
}

/** The file's text in pieces. Throws TrainerError `data` where it isn't UTF-8. */
export async function* decoded(files: Files, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  try {
    for await (const chunk of files.stream(path)) {
      const text = decoder.decode(chunk, { stream: true });
      read += chunk.length;
      yield text;
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw broken(
      path,
      ` after byte ${read}`,
      'is not UTF-8 text',
      'Save it as UTF-8, for example: iconv -f latin1 -t utf-8 in > out',
      error,
    );
  }
}

const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text);
