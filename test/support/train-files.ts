import { afterAll } from 'vitest';
import { closeImported } from './imported-python.ts';

// Of each test file that trains.
afterAll(closeImported);
