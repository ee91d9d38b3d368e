import * as z from 'zod';
import { getJson, type Hub } from './client.ts';

export interface Me {
  /** The user's name, also the namespace of their own repositories and jobs. */
  name: string;
  /** Names of the organizations. */
  orgs: string[];
  /** Whether the token may create repositories somewhere. A fine-grained one may be limited to some namespaces. */
  can_write: boolean;
  /** Whether it may start jobs. */
  can_run_jobs: boolean;
  /** Whether the account has a way to pay; null where the Hub doesn't say. */
  can_pay: boolean | null;
}

const Scope = z.object({ permissions: z.array(z.string()).default([]) });
const WhoAmI = z.object({
  name: z.string(),
  orgs: z.array(z.object({ name: z.string() })).default([]),
  canPay: z.boolean().nullish(),
  auth: z
    .object({
      accessToken: z
        .object({
          role: z.string().nullish(),
          fineGrained: z
            .object({ global: z.array(z.string()).default([]), scoped: z.array(Scope).default([]) })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

/** Whose token it is and what it may do. Throws TrainerError `auth` without a valid one, `network`. */
export async function whoami(hub: Hub): Promise<Me> {
  const url = `${hub.endpoint}/api/whoami-v2`;
  const { name, orgs, canPay, auth } = await getJson(hub, url, 'your account', WhoAmI);
  const role = auth?.accessToken?.role ?? null;
  const fine = auth?.accessToken?.fineGrained;
  const permissions = new Set([...(fine?.global ?? []), ...(fine?.scoped.flatMap((scope) => scope.permissions) ?? [])]);
  const may = (permission: string): boolean => (role === 'fineGrained' ? permissions.has(permission) : role !== 'read'); // of other kinds the Hub itself decides
  return {
    name,
    orgs: orgs.map((org) => org.name),
    can_write: may('repo.write'),
    can_run_jobs: may('job.write'),
    can_pay: canPay ?? null,
  };
}
