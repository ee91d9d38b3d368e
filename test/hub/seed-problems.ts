/** Programming problems with worked answers, in the columns of open-r1/codeforces-cots. Written for these tests. */

interface Kind {
  title: string;
  task: (n: number) => string;
  input: (n: number) => string;
  output: (n: number) => string;
  thought: string;
  python: string;
}

const sum = (n: number): number => (n * (n + 1)) / 2;
const numbers = (n: number): number[] => Array.from({ length: 4 }, (_, index) => ((n + 1) * (index + 3)) % 17);

const KINDS: Kind[] = [
  {
    title: 'Stack of Crates',
    task: (n) => `A tower has ${n} floors; floor i holds i crates. How many crates are there in all?`,
    input: (n) => `${n}`,
    output: (n) => `${sum(n)}`,
    thought: 'The floors hold 1, 2, ..., n crates. That is an arithmetic series, so n * (n + 1) / 2.',
    python: 'n = int(input())\nprint(n * (n + 1) // 2)',
  },
  {
    title: 'Even or Odd Lanterns',
    task: (n) => `A street has lanterns numbered from 1 to ${n + 20}. Count those with an even number.`,
    input: (n) => `${n + 20}`,
    output: (n) => `${Math.floor((n + 20) / 2)}`,
    thought: 'Every second number is even, and the first one is odd, so the count is n divided by 2, rounded down.',
    python: 'n = int(input())\nprint(n // 2)',
  },
  {
    title: 'The Longest Plank',
    task: () => 'Four planks are given by their lengths. Print the longest.',
    input: (n) => numbers(n).join(' '),
    output: (n) => `${Math.max(...numbers(n))}`,
    thought: 'The lengths fit on one line, so reading them all and taking the maximum is enough.',
    python: 'print(max(map(int, input().split())))',
  },
  {
    title: 'Mirror Words',
    task: () => 'A word is written on a window. Print it as it reads from the other side.',
    input: (n) => ['anna', 'level', 'stone', 'river', 'cloud', 'maple'][n % 6] ?? 'word',
    output: (n) => [...(['anna', 'level', 'stone', 'river', 'cloud', 'maple'][n % 6] ?? 'word')].reverse().join(''),
    thought: 'Seen from the other side, the letters come in reverse order. Python slices with a step of -1.',
    python: 'print(input().strip()[::-1])',
  },
  {
    title: 'Fair Shares',
    task: (n) => `${n + 30} apples are shared among 4 friends as evenly as possible. How many are left over?`,
    input: (n) => `${n + 30} 4`,
    output: (n) => `${(n + 30) % 4}`,
    thought: 'What is left over after an even division is the remainder.',
    python: 'a, b = map(int, input().split())\nprint(a % b)',
  },
  {
    title: 'Sorted Cards',
    task: () => 'Four cards carry numbers. Print them from the smallest to the largest.',
    input: (n) => numbers(n).join(' '),
    output: (n) =>
      numbers(n)
        .sort((a, b) => a - b)
        .join(' '),
    thought: 'Four numbers can be sorted in any way; the built-in sort does it.',
    python: 'print(*sorted(map(int, input().split())))',
  },
];

const ROWS_PER_KIND = 10;

/** Sixty rows, the same at every call. `prompt` and `messages` stand side by side, as in the real set. */
export function problemRows(): Record<string, unknown>[] {
  return KINDS.flatMap((kind, at) => Array.from({ length: ROWS_PER_KIND }, (_, n) => problemRow(kind, at, n + 1)));
}

function problemRow(kind: Kind, at: number, n: number): Record<string, unknown> {
  const description = kind.task(n);
  const example = { input: kind.input(n), output: kind.output(n) };
  const prompt = `Solve this problem in Python.\n\n# ${kind.title}\n\n${description}\n\nInput: ${example.input}\nOutput: ${example.output}\n`;
  const generation = `<think>\n${kind.thought}\n</think>\n\n\`\`\`python\n${kind.python}\n\`\`\``;
  const contest = 9000 + n;
  return {
    id: `${contest}/${String.fromCharCode(65 + at)}`,
    aliases: at === 0 ? [`${contest + 1}/B`] : null,
    contest_id: String(contest),
    contest_name: `Practice Round ${n}`,
    contest_type: 'ICPC',
    contest_start: 1_600_000_000 + n * 86_400,
    contest_start_year: 2020,
    index: String.fromCharCode(65 + at),
    time_limit: 1,
    memory_limit: 256,
    title: kind.title,
    description,
    input_format: 'One line, as in the example.',
    output_format: 'One line with the answer.',
    examples: [example],
    note: n % 3 === 0 ? 'The limits are small.' : null,
    editorial: null,
    prompt,
    generation,
    finish_reason: 'stop',
    messages: [
      { content: prompt, role: 'user' },
      { content: generation, role: 'assistant' },
    ],
  };
}
