/** USD rounded up to the cent, so that what is shown is never less than what is meant. */
export const cents = (usd: number): number => Math.max(0, Math.ceil(usd * 100 - 1e-9)) / 100;
export const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
