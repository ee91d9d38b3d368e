import { objectId, type User } from './accounts.ts';
import { type Call, HubError, sendJson } from './http.ts';

/** GET /api/whoami-v2: the user, the organizations, and what the token may do. */
export function whoami(call: Call): void {
  const { identity } = call;
  if (!identity) throw new HubError(401, 'Invalid username or password.');
  const { user, role, scopes } = identity;
  sendJson(call, {
    type: 'user',
    id: user.id,
    name: user.name,
    fullname: user.name,
    email: `${user.name}@example.com`,
    emailVerified: true,
    canPay: user.credit,
    billingMode: 'prepaid',
    periodEnd: null,
    isPro: user.isPro,
    avatarUrl: `/avatars/${user.id}.svg`,
    orgs: user.orgs.map(organization),
    auth: {
      type: 'access_token',
      accessToken: {
        displayName: `${role} token`,
        role,
        createdAt: '2025-01-01T00:00:00.000Z',
        ...(role === 'fineGrained' && { fineGrained: fineGrained(user, scopes) }),
      },
    },
  });
}

function organization(name: string): Record<string, unknown> {
  return {
    type: 'org',
    id: objectId(`org/${name}`),
    name,
    fullname: name,
    email: null,
    canPay: false,
    periodEnd: null,
    avatarUrl: `/avatars/${objectId(`org/${name}`)}.svg`,
    roleInOrg: 'write',
    isEnterprise: false,
  };
}

function fineGrained(user: User, scopes: Record<string, string[]>): Record<string, unknown> {
  return {
    canReadGatedRepos: true,
    global: [],
    scoped: Object.entries(scopes).map(([name, permissions]) => ({
      entity: name === user.name ? { _id: user.id, type: 'user', name } : { _id: objectId(name), type: 'org', name },
      permissions,
    })),
  };
}
