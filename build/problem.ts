/** What a check found. `line` is 1-based. */
export interface Problem {
  /** Relative to the folder that was checked. */
  file: string;
  line: number;
  message: string;
}

export const formatProblem = ({ file, line, message }: Problem): string => `${file}:${line}: ${message}`;
