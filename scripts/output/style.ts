import colors from 'picocolors';

/** Colours for a terminal, and none for an agent that reads a pipe: picocolors alone would colour any CI's log. */
export const style = colors.createColors(process.stdout.isTTY === true && colors.isColorSupported);
