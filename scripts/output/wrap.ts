/** A break behind one of these, the first of all, reads better than between any two words, where it costs little of the line. */
const MARKS = ['; ', '. ', ': ', ', '];
const LITTLE = 0.35;
const INDENT = '  ';

/** The text in lines of at most so many characters, set in from the second on. Words are left whole, however long. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  for (;;) {
    const indent = lines.length > 0 ? INDENT : '';
    const room = width - indent.length;
    const at = rest.length <= room ? -1 : breakOf(rest, room);
    lines.push(indent + (at < 0 ? rest : rest.slice(0, at)));
    if (at < 0) return lines;
    rest = rest.slice(at + 1);
  }
}

/** Where the space is that ends the line; -1 where none is left. */
function breakOf(text: string, room: number): number {
  const head = text.slice(0, room + 1);
  const marks = MARKS.map((mark) => head.lastIndexOf(mark) + 1).filter((at) => at > (1 - LITTLE) * room);
  if (marks[0] !== undefined) return marks[0];
  const space = head.lastIndexOf(' ');
  return space > 0 ? space : text.indexOf(' ', room);
}
