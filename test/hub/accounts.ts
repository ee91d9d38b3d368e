import { createHash, randomBytes } from 'node:crypto';

export interface User {
  id: string;
  name: string;
  /** Organizations in which the user may write. */
  orgs: string[];
  /** Jobs are refused with 402 to a user without. */
  credit: boolean;
  isPro: boolean;
}

export type Role = 'read' | 'write' | 'fineGrained';

/** Rights of a fine-grained token, by namespace: `repo.content.read`, `repo.write`, `job.write`, ... */
export type Scopes = Record<string, string[]>;

/** Who a request is from. */
export interface Identity {
  user: User;
  role: Role;
  scopes: Scopes;
}

/** Users and their tokens. Tokens are random, in the shape of real ones. */
export class Accounts {
  readonly #tokens = new Map<string, Identity>();

  addUser(name: string, options: Partial<Omit<User, 'id' | 'name'>> = {}): User {
    const id = objectId(`user/${name}`);
    return { id, name, orgs: [], credit: true, isPro: false, ...options };
  }

  /** Returns the new token. */
  addToken(user: User, role: Role, scopes: Scopes = {}): string {
    const token = `hf_${randomBytes(32)
      .toString('base64')
      .replace(/[^A-Za-z0-9]/g, 'x')
      .slice(0, 34)}`;
    this.#tokens.set(token, { user, role, scopes });
    return token;
  }

  /** Undefined for a token that isn't one of ours. */
  identify(token: string): Identity | undefined {
    return this.#tokens.get(token);
  }
}

export function objectId(of: string): string {
  return createHash('sha1').update(of).digest('hex').slice(0, 24);
}

/** Whether this identity has a right in a namespace. */
export function allows(identity: Identity, namespace: string, right: string): boolean {
  const { user, role, scopes } = identity;
  if (role === 'fineGrained') return scopes[namespace]?.includes(right) ?? false;
  const member = user.name === namespace || user.orgs.includes(namespace);
  return member && (role === 'write' || right === 'repo.content.read');
}
