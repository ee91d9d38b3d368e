import { expect, it } from 'vitest';
import { grouped } from '../../scripts/printable.ts';

it.each([0, 7, 999, 1000, 12_345, 1_234_567, -4321, 0.25, 1234.5, 0.16, 1000.125])(
  '%s is written as Intl does',
  (value) => {
    expect(grouped(value)).toBe(value.toLocaleString('en'));
  },
);
