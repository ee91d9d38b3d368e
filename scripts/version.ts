import pack from '../build/pack.json' with { type: 'json' };

export const VERSION: string = pack.version;
