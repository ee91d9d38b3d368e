import { NotSupported } from './values.ts';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const two = (number: number): string => String(number).padStart(2, '0');

const CODES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, ' '),
  B: (date) => MONTHS[date.getMonth()] ?? '',
  b: (date) => (MONTHS[date.getMonth()] ?? '').slice(0, 3),
  A: (date) => DAYS[date.getDay()] ?? '',
  a: (date) => (DAYS[date.getDay()] ?? '').slice(0, 3),
  H: (date) => two(date.getHours()),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  '%': () => '%',
};

/** Python's `datetime.strftime` in the C locale, for the codes that chat templates use. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?.)/g, (_, code: string) => {
    const write = CODES[code.replace('-', '')];
    if (!write) throw new NotSupported(`the date format %${code}`);
    return code.startsWith('-') ? write(date).replace(/^0(?=.)/, '') : write(date);
  });
}
