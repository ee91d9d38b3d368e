/**
 * The commands that spend money or end a run, and so are a person's to decide. Every client's "ask before this
 * runs" comes from here.
 */
export const EXECUTABLE = 'hf-llm-trainer';

export interface GuardedCommand {
  /** A command of the CLI; the build refuses one that it doesn't have. */
  command: string;
  /** What the person is asked, in the client's own dialog. */
  question: string;
}

export const GUARDED: readonly GuardedCommand[] = [
  {
    command: 'submit',
    question:
      'Starts a training job, which on Hugging Face Jobs is paid for. Run it only for a review card you agreed to.',
  },
  { command: 'cancel', question: 'Ends a running training job; what was not saved as a checkpoint is lost.' },
];
